import type { Dialect } from '../dialects/dialect.js';
import type { SqlConnection } from './sql-connection.js';

/** The least time in ms before all connections are closed again. The server may be read-only, and no other takes its place. */
const PAUSE = 250;

/**
 * The open connections of MikroORM's pool. After a failover they still lead to the old primary, which refuses writes, while the
 * address leads to the new one. So the first answer that refuses a write closes all of them.
 */
export class OpenConnections {
  readonly #connection: SqlConnection;
  readonly #socketOf: Dialect['socketOf'];
  readonly #isInUse = new Map<object, boolean>();
  #closedAt = -Infinity;

  constructor(connection: SqlConnection, { socketOf }: Dialect) {
    this.#connection = connection;
    this.#socketOf = socketOf;
  }

  acquired(connection: object): void {
    if (!this.#isInUse.has(connection)) this.#socketOf?.(connection)?.once('close', () => this.#isInUse.delete(connection));
    this.#isInUse.set(connection, true);
  }

  released(connection: object): void {
    // If the driver hides the socket, the end of an idle connection is not seen.
    if (this.#socketOf?.(connection)?.closed === false) this.#isInUse.set(connection, false);
    else this.#isInUse.delete(connection);
  }

  /** Closes the connections: idle ones at once, and those in use when they go back to the pool. */
  closeAll(): void {
    const now = performance.now();
    if (now - this.#closedAt < PAUSE) return;
    this.#closedAt = now;
    for (const [connection, isInUse] of this.#isInUse) this.#connection.discard(connection, isInUse);
  }
}
