import { SqlSessionRepository, type RecordState, type StoredRecord } from '../../src/index.js';

/** A call that is held back after the database has answered. */
interface HeldCall {
  readonly read: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
}

/** A repository whose polls a test counts, holds back and lets fail. It also holds back loads. */
export class HeldRepository extends SqlSessionRepository {
  polls = 0;
  /** Polls fail with it. */
  failure: Error | undefined;
  readonly #held: { poll?: HeldCall; load?: HeldCall } = {};

  /** Holds the next poll back after the database has answered. */
  holdPoll(): { readonly read: Promise<void>; release(): void } {
    return this.#hold('poll');
  }

  /** Does the same with the next load of one record. */
  holdLoad(): { readonly read: Promise<void>; release(): void } {
    return this.#hold('load');
  }

  override async statesOf(storageKeys: readonly string[]): Promise<readonly RecordState[]> {
    this.polls++;
    if (this.failure) throw this.failure;
    return this.#answer('poll', await super.statesOf(storageKeys));
  }

  override async load(storageKey: string): Promise<StoredRecord | undefined> {
    return this.#answer('load', await super.load(storageKey));
  }

  #hold(kind: 'poll' | 'load'): { readonly read: Promise<void>; release(): void } {
    const [read, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.#held[kind] = { read, released };
    return { read: read.promise, release: () => released.resolve() };
  }

  async #answer<Found>(kind: 'poll' | 'load', found: Found): Promise<Found> {
    const held = this.#held[kind];
    delete this.#held[kind];
    held?.read.resolve();
    await held?.released.promise;
    return found;
  }
}
