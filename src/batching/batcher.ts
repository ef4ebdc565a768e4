import { SessionUnavailableError } from '../smart-session.errors.js';
import type { BatchKind, OperationObserver } from '../observers/session-observers.js';

/** Something that waits to be sent, for everybody who asked for it by then. */
export interface PendingItem<Item, Result> {
  readonly item: Item;
  /** Since when, on the monotonic clock, in ms. */
  readonly since: number;
  readonly promise: Promise<Result>;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** What waits for its turn. */
interface QueuedItem<Item, Result> extends PendingItem<Item, Result> {
  /** How many wait for it. */
  asked: number;
  /** Who they are; undefined where nobody watches. */
  readonly members: unknown[] | undefined;
}

/** What goes out together, by key. */
export type Batch<Item, Result> = ReadonlyMap<string, PendingItem<Item, Result>>;

/** How a joiner works. */
export interface BatcherOptions<Item, Result> {
  /** What is asked, for the error. */
  readonly operation: string;
  /** What goes out, for who watches. */
  readonly kind: BatchKind;
  /** Undefined where nobody watches. */
  readonly work: OperationObserver | undefined;
  /** How many keys may wait, and how many may wait for one key. */
  readonly maxWaiting: number;
  /** The driver blocks the process until it has its answer: then a statement is under way until this turn of the event loop ends. */
  readonly isBlocking: boolean;
  /** How large an item is; absent where size does not matter. */
  sizeOf?(item: Item): number;
  /** How large a batch may be. One item goes alone, however large it is. Default: no limit. */
  readonly largestSize?: number;
  /** Sends a batch, and settles all that is in it. Never rejects. */
  send(batch: Batch<Item, Result>): Promise<void>;
}

/** So many keys go in one statement. */
const LARGEST_BATCH = 100;

/** A statement that takes longer holds up no other, in ms. */
const PATIENCE = 50;

/**
 * Joins what is asked of the database: while a statement is under way, what comes waits, and goes out
 * together as one. Nothing joins a statement that was sent before it was asked for. With nothing under
 * way it leaves at once.
 */
export class Batcher<Item, Result> {
  readonly #waiting = new Map<string, QueuedItem<Item, Result>>();
  #isUnderWay = false;

  constructor(private readonly options: BatcherOptions<Item, Result>) {}

  /** Whether something waits under this key. */
  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /**
   * Asks for something; who asks for a key that waits already shares its answer.
   *
   * @throws SessionUnavailableError when too many wait, and what the statement failed with
   */
  ask(key: string, item: Item): Promise<Result> {
    const { operation, maxWaiting } = this.options;
    const waiting = this.#waiting.get(key) ?? this.#wait(key, item);
    if (waiting.asked === maxWaiting)
      throw new SessionUnavailableError(
        operation,
        `${maxWaiting} others of this session are waiting already, as many as \`maxWaiting\` allows.`,
      );
    waiting.asked++;
    waiting.members?.push(this.options.work?.current());
    this.#sendNext();
    return waiting.promise;
  }

  #wait(key: string, item: Item) {
    const { operation, maxWaiting, work } = this.options;
    if (this.#waiting.size >= maxWaiting)
      throw new SessionUnavailableError(operation, `${maxWaiting} others are waiting already, as many as \`maxWaiting\` allows.`);
    let settle!: Pick<PendingItem<Item, Result>, 'resolve' | 'reject'>;
    const promise = new Promise<Result>((resolve, reject) => (settle = { resolve, reject }));
    const waiting = { item, since: performance.now(), asked: 0, members: work && [], promise, ...settle };
    this.#waiting.set(key, waiting);
    return waiting;
  }

  #sendNext(): void {
    if (this.#isUnderWay || this.#waiting.size === 0) return;
    this.#isUnderWay = true;
    const batch = this.#take();
    let isLeft = false;
    const leave = () => {
      if (isLeft) return;
      isLeft = true;
      this.#isUnderWay = false;
      this.#sendNext();
    };
    const impatience = setTimeout(leave, PATIENCE).unref();
    void this.#send(batch).finally(() => {
      clearTimeout(impatience);
      if (this.options.isBlocking) setImmediate(leave);
      else leave();
    });
  }

  #send(batch: ReadonlyMap<string, QueuedItem<Item, Result>>): Promise<void> {
    const { kind, work, send } = this.options;
    if (!work) return send(batch);
    const members = Array.from(batch.values()).flatMap((waiting) => waiting.members ?? []);
    return work.batch(kind, members, () => send(batch));
  }

  #take(): ReadonlyMap<string, QueuedItem<Item, Result>> {
    const { sizeOf, largestSize = Infinity } = this.options;
    const batch = new Map<string, QueuedItem<Item, Result>>();
    let size = 0;
    for (const [key, waiting] of this.#waiting) {
      size += sizeOf?.(waiting.item) ?? 0;
      if (batch.size === LARGEST_BATCH || (batch.size > 0 && size > largestSize)) break;
      batch.set(key, waiting);
      this.#waiting.delete(key);
    }
    return batch;
  }
}
