import type { KnownRecord, RecordState } from '../persistence/session.repository.js';
import { isOtherGeneration } from '../records/commit-id.js';
import { handleOf } from '../security/session-handle.js';
import type { ChangeLoads } from './change-loads.js';
import type { TargetIndex } from './target-index.js';
import type { Watch } from './watch.js';

/** A session or a user that is watched. All watches of one target share its polls. */
export abstract class WatchTarget {
  readonly watches = new Set<Watch>();
  /** When the last poll that was answered was sent, on the monotonic clock, in ms. At first: when the session was loaded, or the watch began. */
  checkedAt: number;
  /** Whether the caller or the last answer has seen what is watched. False for a new session without a row. */
  isSeen: boolean;
  /** The same as `checkedAt`, but at first when the watch began. The time until the watches end with `unknown` counts from it. */
  waitingSince = performance.now();
  /** Whether a poll of any target has failed since the last answer. */
  isUnanswered = false;

  /**
   * @param key the storage key, or the user id
   * @param index finds the target by its records
   * @param loads loads the changed records
   * @param loadedAt when the caller has loaded the session; undefined if it was not loaded
   */
  constructor(
    readonly key: string,
    protected readonly index: TargetIndex<WatchTarget>,
    protected readonly loads: ChangeLoads,
    loadedAt?: number,
  ) {
    this.checkedAt = loadedAt ?? performance.now();
    this.isSeen = loadedAt !== undefined;
  }

  /** Notes that the database is asked now. */
  ask(): void {
    for (const watch of this.watches) watch.ask();
  }

  /**
   * Takes the answer of the database.
   *
   * @param at when the question was sent
   */
  answered(states: readonly RecordState[], at: number): void {
    this.checkedAt = at;
    this.isSeen = this.sees(states);
    this.waitingSince = at;
    this.isUnanswered = false;
    this.take(states);
  }

  /** A new session that is watched has ended in this process: from now on its row must exist. */
  expectRow(): void {
    for (const watch of this.watches) watch.expectRow();
  }

  /** Is called when the first watch has begun. */
  open(): void {}

  /** Is called when nothing watches the target any more. */
  abstract close(): void;

  /** Whether an answer shows that what is watched is there. */
  protected abstract sees(states: readonly RecordState[]): boolean;

  /** Tells the watches what was found. */
  protected abstract take(states: readonly RecordState[]): void;

  /** It is unknown whether the sessions are live: ends all watches. */
  lose(): void {
    for (const watch of this.current) watch.end({ reason: 'unknown', handle: this.handle });
  }

  protected abstract get handle(): string | undefined;

  /** The watches of now. Their callbacks may begin others. */
  protected get current(): readonly Watch[] {
    return [...this.watches];
  }
}

/** A session that is watched. */
export class SessionTarget extends WatchTarget {
  override open(): void {
    this.index.add(this.key, this);
  }

  override close(): void {
    this.index.remove(this.key, this);
  }

  protected override get handle(): string {
    return handleOf(this.key);
  }

  protected override sees(states: readonly RecordState[]): boolean {
    return states.length > 0;
  }

  protected override take([found]: readonly RecordState[]): void {
    for (const watch of this.current) watch.answer(this.key, found);
    if (found?.isLive) this.loads.see(this.key, found, this.watches);
  }
}

/** A user whose sessions are watched. */
export class UserTarget extends WatchTarget {
  readonly #live = new Map<string, KnownRecord>();

  override close(): void {
    for (const storageKey of this.#live.keys()) this.index.remove(storageKey, this);
  }

  protected override get handle(): undefined {
    return undefined;
  }

  protected override sees(): boolean {
    return true;
  }

  protected override take(states: readonly RecordState[]): void {
    const found = new Map(states.map((state) => [state.storageKey, state]));
    for (const [storageKey, known] of this.#live) {
      const state = found.get(storageKey);
      if (state?.isLive && !isOtherGeneration(known.commitId, state.commitId)) continue;
      this.#live.delete(storageKey);
      this.index.remove(storageKey, this);
      for (const watch of this.current) watch.tellEnd(storageKey, state && !state.isLive ? 'expired' : 'ended');
    }
    for (const state of states) if (state.isLive) this.#see(state);
    for (const watch of this.watches) watch.confirm();
  }

  #see(state: RecordState): void {
    this.#live.set(state.storageKey, state);
    this.index.add(state.storageKey, this);
    this.loads.see(state.storageKey, state, this.watches);
  }
}
