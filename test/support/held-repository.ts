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
  readonly #held: { poll?: HeldCall; users?: HeldCall; load?: HeldCall } = {};

  /** Holds the next poll of sessions or of users back after the database has answered. */
  holdPoll(of: 'poll' | 'users' = 'poll'): { readonly read: Promise<void>; release(): void } {
    return this.#hold(of);
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

  override async statesOfUsers(userIds: readonly string[]): Promise<readonly RecordState[]> {
    return this.#answer('users', await super.statesOfUsers(userIds));
  }

  override async load(storageKey: string): Promise<StoredRecord | undefined> {
    return this.#answer('load', await super.load(storageKey));
  }

  #hold(kind: 'poll' | 'users' | 'load'): { readonly read: Promise<void>; release(): void } {
    const [read, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.#held[kind] = { read, released };
    return { read: read.promise, release: () => released.resolve() };
  }

  async #answer<Found>(kind: 'poll' | 'users' | 'load', found: Found): Promise<Found> {
    const held = this.#held[kind];
    delete this.#held[kind];
    held?.read.resolve();
    await held?.released.promise;
    return found;
  }
}
