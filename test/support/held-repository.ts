import { SqlSessionRepository, type RecordState } from '../../src/index.js';

/** A repository whose polls a test counts, holds back and lets fail. */
export class HeldRepository extends SqlSessionRepository {
  polls = 0;
  /** Polls fail with it. */
  failure: Error | undefined;
  #held: { readonly read: PromiseWithResolvers<void>; readonly released: PromiseWithResolvers<void> } | undefined;

  /** Holds the next poll back after the database has answered. */
  holdPoll(): { readonly read: Promise<void>; release(): void } {
    const [read, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.#held = { read, released };
    return { read: read.promise, release: () => released.resolve() };
  }

  override async statesOf(storageKeys: readonly string[]): Promise<readonly RecordState[]> {
    this.polls++;
    if (this.failure) throw this.failure;
    const found = await super.statesOf(storageKeys);
    const held = this.#held;
    this.#held = undefined;
    held?.read.resolve();
    await held?.released.promise;
    return found;
  }
}
