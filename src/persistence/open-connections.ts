import type { Dialect } from '../dialects/dialect.js';
import type { SqlConnection } from './sql-connection.js';

/** The least time in ms before all connections are closed again. The server may be read-only, and no other takes its place. */
const PAUSE = 250;

/** An open connection. */
interface Open {
  isInUse: boolean;
  /** Ends what was begun for the connection. */
  readonly end: () => void;
}

/**
 * The open connections of a pool. After a failover they still lead to the old primary, which refuses writes, while the
 * address leads to the new one. So the first answer that refuses a write closes all of them.
 */
export class OpenConnections {
  readonly #connection: SqlConnection;
  readonly #socketOf: Dialect['socketOf'];
  readonly #watch: (connection: object) => (() => void) | undefined;
  readonly #open = new Map<object, Open>();
  #closedAt = -Infinity;

  /** @param watch begins to watch a new connection, and returns how to end that */
  constructor(connection: SqlConnection, { socketOf }: Dialect, watch: (connection: object) => (() => void) | undefined) {
    this.#connection = connection;
    this.#socketOf = socketOf;
    this.#watch = watch;
  }

  acquired(connection: object): void {
    const open = this.#open.get(connection);
    if (open) open.isInUse = true;
    else this.#open.set(connection, this.#begin(connection));
  }

  released(connection: object): void {
    const open = this.#open.get(connection);
    // If the driver hides the socket, the end of an idle connection is not seen.
    if (open && this.#socketOf?.(connection)?.closed === false) open.isInUse = false;
    else this.#open.delete(connection);
  }

  /** Closes the connections: idle ones at once, and those in use when they go back to the pool. */
  closeAll(): void {
    const now = performance.now();
    if (now - this.#closedAt < PAUSE) return;
    this.#closedAt = now;
    for (const [connection, { isInUse }] of this.#open) this.#connection.discard(connection, isInUse);
  }

  /** Leaves the connections as they were. */
  leave(): void {
    for (const { end } of this.#open.values()) end();
    this.#open.clear();
  }

  #begin(connection: object): Open {
    const socket = this.#socketOf?.(connection);
    const unwatch = this.#watch(connection);
    const forget = () => void this.#open.delete(connection);
    socket?.once('close', forget);
    const end = () => {
      socket?.off('close', forget);
      unwatch?.();
    };
    return { isInUse: true, end };
  }
}
