import type { ConnectionPool } from '../dialects/connection-pool.js';
import type { Dialect, PrepareConnection } from '../dialects/dialect.js';
import type { FailureKind } from '../dialects/failure-kind.js';
import type { RunStatement } from '../dialects/run-statement.js';
import { PoolUser } from './pool-user.js';
import type { SqlConnection } from './sql-connection.js';

/** Errors after which a connection may be lost, or its server may still run the statement. */
const HARMS_CONNECTION: ReadonlySet<FailureKind> = new Set(['unknown', 'not-done']);

/** The connection of an app's client. The client belongs to the app, which closes it. */
export class ClientConnection extends PoolUser implements SqlConnection {
  readonly #pool: ConnectionPool;
  readonly #dialect: Dialect;
  readonly #lent = new Set<object>();
  #prepare: PrepareConnection | undefined;

  constructor(pool: ConnectionPool, dialect: Dialect) {
    super();
    this.#pool = pool;
    this.#dialect = dialect;
    this.onClose(() => pool.close?.());
  }

  readonly run: RunStatement = (sql, parameters) => this.#use((run) => run(sql, parameters));

  onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    return this.#use(async (run) => {
      await this.#pool.beforeTransaction?.();
      return work(run);
    });
  }

  async #use<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    const connection = await this.#acquire();
    this.#lent.add(connection);
    let flaw: unknown;
    try {
      const result = await work(this.#dialect.onConnection(connection));
      if (this.#hasTransaction(connection)) throw notCommitted();
      return result;
    } catch (error) {
      if (this.#hasTransaction(connection) || this.#isHarmedBy(error)) flaw = error;
      throw error;
    } finally {
      this.#lent.delete(connection);
      this.#pool.release(connection, flaw);
    }
  }

  async onAcquire(listener: (connection: object) => void): Promise<void> {
    const { events } = this.#pool;
    if (events) this.listen(events.emitter, events.acquired, listener);
  }

  async onRelease(listener: (connection: object) => void): Promise<void> {
    const { events } = this.#pool;
    if (events) this.listen(events.emitter, events.released, listener);
  }

  discard(connection: object, isInUse: boolean): void {
    if (this.#pool.discard) this.#pool.discard(connection);
    else this.#dialect.discard?.(connection, isInUse);
  }

  isLent(connection: object): boolean {
    return this.#lent.has(connection);
  }

  async openAlone(open: (pool: object) => Promise<object>): Promise<object | undefined> {
    return this.#pool.openAlone?.(open);
  }

  /** Prepares the connections that sessions use. Those that the app uses stay as they are. */
  async guard(prepare: PrepareConnection): Promise<void> {
    this.#prepare = prepare;
  }

  #hasTransaction(connection: object): boolean {
    return this.#dialect.hasTransaction?.(connection) ?? false;
  }

  /** A connection without a socket cannot be lost, and may hold a database in memory. */
  #isHarmedBy(error: unknown): boolean {
    return this.#dialect.socketOf !== undefined && HARMS_CONNECTION.has(this.#dialect.classify(error));
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
}

/** The app has sent `begin` without waiting for it, or in a way that the driver does not tell. */
function notCommitted(): Error {
  return new Error('The app has left a transaction open on the connection. The statement was rolled back with it.');
}
