import { SessionUnavailableError } from '../smart-session.errors.js';
import type { BatchKind, OperationObserver, SessionObservers } from '../observers/session-observers.js';
import { Pace } from './pace.js';

/** An item of a batch, and the callers' promise of its result. */
export interface PendingItem<Item, Result> {
  readonly item: Item;
  /** When it was submitted, on the monotonic clock, in ms. */
  readonly since: number;
  readonly promise: Promise<Result>;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** An item in the queue. */
interface QueuedItem<Item, Result> extends PendingItem<Item, Result> {
  /** How many callers wait for it. */
  callers: number;
  /** The observer at the time of the first of them; undefined without one. */
  readonly observer: OperationObserver | undefined;
  /** The operations of these callers, as the observer returned them. */
  readonly members: unknown[];
}

/** The items of one statement, by key. */
export type Batch<Item, Result> = ReadonlyMap<string, PendingItem<Item, Result>>;

/** How a batcher works. */
export interface BatcherSettings {
  /** The operation that errors name. */
  readonly operation: string;
  /** The kind of batch that the observer is told. */
  readonly kind: BatchKind;
  /** Asked at each call, because the start of a module may replace the observer. */
  readonly observers: Pick<SessionObservers, 'operations'>;
  /** How many keys may wait, and how many callers may wait for one key. */
  readonly maxWaiting: number;
  /** The driver blocks the process until it has its answer: then a statement is in flight until this turn of the event loop ends. */
  readonly isBlocking: boolean;
  /** The largest size of a batch; a single item may be larger. Default: no limit. */
  readonly largestSize?: number;
  /** The most keys of one statement. Default, and limit: 100. */
  readonly mostKeys?: number;
}

/** The most keys of one statement. */
const LARGEST_BATCH = 100;

/**
 * Sends items to the database in batches. If no statement is in flight, an item is sent immediately. Otherwise it waits
 * in the queue, and all that wait are sent as one statement. An item never joins a statement that was sent before the
 * item was submitted.
 */
export abstract class Batcher<Item, Result> {
  readonly #queue = new Map<string, QueuedItem<Item, Result>>();
  readonly #settings: BatcherSettings;
  readonly #pace: Pace;

  protected constructor(settings: BatcherSettings) {
    this.#settings = settings;
    this.#pace = new Pace(() => this.#sendNext(), settings.isBlocking);
  }

  /** Sends a batch, and settles each of its items. Never rejects. */
  protected abstract send(batch: Batch<Item, Result>): Promise<void>;

  /** Sends an item by itself, at once. Undefined for an item that may wait and share a statement. Default: all may. */
  protected sendAlone(_key: string, _item: Item): Promise<Result> | undefined {
    return undefined;
  }

  /** The size of an item, to be compared with `largestSize`. */
  protected sizeOf(_item: Item): number {
    return 0;
  }

  /** Whether an item waits under this key. */
  protected has(key: string): boolean {
    return this.#queue.has(key);
  }

  /**
   * Submits an item. If one waits under its key already, both callers get the result of that one.
   *
   * @throws SessionUnavailableError if too many wait, and what the statement fails with
   */
  async submit(key: string, item: Item): Promise<Result> {
    const alone = this.sendAlone(key, item);
    if (alone) return alone;
    const { operation, maxWaiting } = this.#settings;
    const queued = this.#queue.get(key) ?? this.#enqueue(key, item);
    if (queued.callers === maxWaiting)
      throw new SessionUnavailableError(
        operation,
        `${maxWaiting} other calls for this session are waiting, which is the limit \`maxWaiting\`. Retry later, or raise \`maxWaiting\`.`,
      );
    queued.callers++;
    if (queued.observer) queued.members.push(queued.observer.current());
    this.#sendNext();
    return queued.promise;
  }

  #enqueue(key: string, item: Item): QueuedItem<Item, Result> {
    const { operation, maxWaiting, observers } = this.#settings;
    if (this.#queue.size >= maxWaiting)
      throw new SessionUnavailableError(
        operation,
        `${maxWaiting} others are waiting, which is the limit \`maxWaiting\`. Retry later, or raise \`maxWaiting\`.`,
      );
    let settle!: Pick<PendingItem<Item, Result>, 'resolve' | 'reject'>;
    const promise = new Promise<Result>((resolve, reject) => (settle = { resolve, reject }));
    const queued = { item, since: performance.now(), callers: 0, observer: observers.operations, members: [], promise, ...settle };
    this.#queue.set(key, queued);
    return queued;
  }

  #sendNext(): void {
    if (!this.#pace.isOpen || this.#queue.size === 0) return;
    const answered = this.#pace.sent();
    void this.#observedSend(this.#nextBatch()).finally(answered);
  }

  #observedSend(batch: ReadonlyMap<string, QueuedItem<Item, Result>>): Promise<void> {
    const { kind, observers } = this.#settings;
    const { operations } = observers;
    if (!operations) return this.send(batch);
    const own = Array.from(batch.values()).filter(({ observer }) => observer === operations);
    const send = () => this.send(batch);
    return own.length === 0
      ? send()
      : operations.batch(
          kind,
          own.flatMap(({ members }) => members),
          send,
        );
  }

  #nextBatch(): ReadonlyMap<string, QueuedItem<Item, Result>> {
    const { largestSize = Infinity, mostKeys = LARGEST_BATCH } = this.#settings;
    const most = Math.min(mostKeys, LARGEST_BATCH);
    const batch = new Map<string, QueuedItem<Item, Result>>();
    let size = 0;
    for (const [key, queued] of this.#queue) {
      size += this.sizeOf(queued.item);
      if (batch.size === most || (batch.size > 0 && size > largestSize)) break;
      batch.set(key, queued);
      this.#queue.delete(key);
    }
    return batch;
  }
}
