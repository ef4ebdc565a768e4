import type { RecordState } from '../persistence/session.repository.js';
import type { WatchTarget } from './watch-target.js';

/** The most targets of one poll. */
const LARGEST_POLL = 500;

/** The watched targets of one kind, and those that the next polls ask for. */
export class TargetGroup<Target extends WatchTarget = WatchTarget> {
  readonly #targets = new Map<string, Target>();
  /** Asked for first, but never with more than half of a poll while others are due. */
  readonly #hinted = new Set<string>();
  readonly #due = new Set<string>();

  /**
   * @param statesOf asks the database
   * @param keyIn the target's key in an answer
   */
  constructor(
    readonly statesOf: (keys: readonly string[], timeout: number) => Promise<readonly RecordState[]>,
    readonly keyIn: (state: RecordState) => string | null,
  ) {}

  get size(): number {
    return this.#targets.size;
  }

  values(): Iterable<Target> {
    return this.#targets.values();
  }

  find(key: string): Target | undefined {
    return this.#targets.get(key);
  }

  add(target: Target): void {
    this.#targets.set(target.key, target);
  }

  has(target: Target): boolean {
    return this.#targets.get(target.key) === target;
  }

  /** Removes a target. Another target may have its key by now. */
  remove(target: Target): void {
    if (!this.has(target)) return;
    const { key } = target;
    this.#targets.delete(key);
    this.#hinted.delete(key);
    this.#due.delete(key);
  }

  /** The next poll asks for this target. Returns false if it is not watched. */
  hint(key: string): boolean {
    if (!this.#targets.has(key)) return false;
    this.#hinted.add(key);
    return true;
  }

  /** The next polls ask for all targets. */
  hintAll(): void {
    for (const key of this.#targets.keys()) this.#due.add(key);
  }

  /** The targets of the next poll; none if nothing is due. */
  next(): readonly Target[] {
    const batch = new Set<Target>();
    // Hints may come without end, so the due targets keep a share of each poll.
    this.#take(this.#hinted, batch, LARGEST_POLL - Math.min(this.#due.size, LARGEST_POLL / 2));
    this.#take(this.#due, batch, LARGEST_POLL);
    return [...batch];
  }

  #take(queue: Set<string>, batch: Set<Target>, most: number): void {
    for (const key of queue) {
      if (batch.size >= most) return;
      this.#hinted.delete(key);
      this.#due.delete(key);
      const target = this.#targets.get(key);
      if (target) batch.add(target);
    }
  }

  /** Drops what is due, because the database does not answer. */
  giveUp(): void {
    this.#hinted.clear();
    this.#due.clear();
  }
}
