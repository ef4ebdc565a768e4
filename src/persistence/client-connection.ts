import type { ConnectionPool, PoolEvents } from '../dialects/connection-pool.js';
import type { Dialect, PrepareConnection } from '../dialects/dialect.js';
import type { RunStatement } from '../dialects/run-statement.js';
import type { SqlConnection } from './sql-connection.js';

type Listener = (...given: object[]) => void;

/** The connection of an app's client. The client belongs to the app, which closes it. */
export class ClientConnection implements SqlConnection {
  readonly #pool: ConnectionPool;
  readonly #dialect: Dialect;
  readonly #listeners: (readonly [string, Listener])[] = [];
  #prepare: PrepareConnection | undefined;

  constructor(pool: ConnectionPool, dialect: Dialect) {
    this.#pool = pool;
    this.#dialect = dialect;
  }

  readonly run: RunStatement = (sql, parameters) => this.onOneConnection((run) => run(sql, parameters));

  async onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    const connection = await this.#acquire();
    try {
      return await work(this.#dialect.onConnection(connection));
    } finally {
      this.#pool.release(connection);
    }
  }

  async onAcquire(listener: (connection: object) => void): Promise<void> {
    this.#on(({ acquired }) => acquired, listener);
  }

  async onRelease(listener: (connection: object) => void): Promise<void> {
    this.#on(({ released }) => released, listener);
  }

  discard(connection: object, isInUse: boolean): void {
    if (this.#pool.discard) this.#pool.discard(connection);
    else this.#dialect.discard?.(connection, isInUse);
  }

  /** Prepares the connections that sessions use. Those that the app uses stay as they are. */
  async guard(prepare: PrepareConnection): Promise<void> {
    this.#prepare = prepare;
  }

  /** Ends the use of the client, which stays open. */
  async close(): Promise<void> {
    for (const [event, listener] of this.#listeners) this.#pool.events?.emitter.removeListener(event, listener);
    this.#pool.close?.();
  }

  async #acquire(): Promise<object> {
    const connection = await this.#pool.acquire();
    try {
      await this.#prepare?.(connection);
      return connection;
    } catch (error) {
      this.#pool.release(connection, error);
      throw error;
    }
  }

  #on(nameIn: (events: PoolEvents) => string, listener: (connection: object) => void): void {
    const { events } = this.#pool;
    if (!events) return;
    const call: Listener = (...given) => listener(given.at(-1)!);
    events.emitter.on(nameIn(events), call);
    this.#listeners.push([nameIn(events), call]);
  }
}
