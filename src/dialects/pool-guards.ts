import type { PrepareConnection } from './dialect.js';

/**
 * The preparations of pools. Several modules may use one pool, and a process may start and close many, for example in tests. So
 * each pool is changed once.
 */
export class PoolGuards<Pool extends object> {
  readonly #guards = new WeakMap<Pool, Set<PrepareConnection>>();
  readonly #install: (pool: Pool, prepare: PrepareConnection) => void;

  /** @param install makes a pool run `prepare` before it lends a connection */
  constructor(install: (pool: Pool, prepare: PrepareConnection) => void) {
    this.#install = install;
  }

  /** Makes a pool run `prepare` before it lends a connection. Returns a function that ends this. */
  add(pool: Pool, prepare: PrepareConnection): () => void {
    const guards = this.#guards.get(pool) ?? this.#begin(pool);
    guards.add(prepare);
    return () => void guards.delete(prepare);
  }

  #begin(pool: Pool): Set<PrepareConnection> {
    const guards = new Set<PrepareConnection>();
    this.#guards.set(pool, guards);
    this.#install(pool, (connection) => prepareAll(guards, connection));
    return guards;
  }
}

/** Makes no promise if the connection is ready. */
function prepareAll(guards: Iterable<PrepareConnection>, connection: object): Promise<void> | undefined {
  let prepared: Promise<void> | undefined;
  for (const prepare of guards) prepared = prepared ? prepared.then(() => prepare(connection)) : prepare(connection);
  return prepared;
}
