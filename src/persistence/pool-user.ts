import type { PoolEvents } from '../dialects/connection-pool.js';

/** The use of a pool by one module. When it ends, the pool is as it was before, for example for the next app of a test. */
export abstract class PoolUser {
  readonly #ends: (() => void)[] = [];

  /** Calls `listener` when the sessions no longer use the pool. */
  onClose(listener: () => void): void {
    this.#ends.push(listener);
  }

  /** Ends the use of the pool, which stays open. */
  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
  }

  /** @param listener gets the connection, which is the last argument of each event */
  protected listen(emitter: PoolEvents['emitter'] | undefined, event: string, listener: (connection: object) => void): void {
    if (!emitter) return;
    const call = (...given: object[]) => listener(given.at(-1)!);
    emitter.on(event, call);
    this.onClose(() => emitter.removeListener(event, call));
  }
}
