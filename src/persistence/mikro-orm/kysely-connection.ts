import type { EventEmitter } from 'node:events';
import type { Connection } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import type { PrepareConnection } from '../../dialects/dialect.js';
import type { RunStatement, StatementResult } from '../../dialects/run-statement.js';
import { PoolUser } from '../pool-user.js';
import type { ConnectionDialect, SqlConnection } from '../sql-connection.js';

/** Whether a connection is one of MikroORM 7. */
export function isByKysely(connection: Connection): connection is AbstractSqlConnection {
  return 'getClient' in connection && 'getNativeClient' in connection;
}

/** Whether a transaction is one of MikroORM 7. */
export function isKyselys(transaction: object): transaction is Client {
  return 'executeQuery' in transaction;
}

/** Runs statements in a transaction of MikroORM 7. */
export function inKysely(transaction: Client): RunStatement {
  return (sql, parameters = []) => execute(transaction, sql, parameters);
}

/** The connection of MikroORM 7, through Kysely. */
export class KyselyConnection extends PoolUser implements SqlConnection {
  readonly #connection: AbstractSqlConnection;
  readonly #dialect: ConnectionDialect | undefined;
  #isForeign = false;

  constructor(connection: AbstractSqlConnection, dialect?: ConnectionDialect) {
    super();
    this.#connection = connection;
    this.#dialect = dialect;
  }

  readonly run: RunStatement = async (sql, parameters = []) => {
    const { client, direct } = await this.#opened();
    return direct ? client.getExecutor().provideConnection(() => direct(sql, parameters)) : execute(client, sql, parameters);
  };

  async onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    const { client, direct } = await this.#opened();
    return client.connection().execute((pinned) => work(direct ?? ((sql, parameters = []) => execute(pinned, sql, parameters))));
  }

  async onAcquire(listener: (connection: object) => void): Promise<void> {
    const pool = await this.#nativeClient();
    this.listen(pool as EventEmitter | undefined, 'acquire', listener);
  }

  async onRelease(listener: (connection: object) => void): Promise<void> {
    const pool = await this.#nativeClient();
    this.listen(pool as EventEmitter | undefined, 'release', listener);
  }

  discard(connection: object, isInUse: boolean): void {
    this.#dialect?.discard?.(connection, isInUse);
  }

  async guard(prepare: PrepareConnection): Promise<void> {
    const pool = await this.#nativeClient();
    const end = pool && this.#dialect?.guardPool?.(pool, prepare);
    if (end) this.onClose(end);
  }

  async openAlone(open: (pool: object) => Promise<object>): Promise<object | undefined> {
    const pool = await this.#nativeClient();
    return pool && open(pool);
  }

  /** Opens the client. The MySQL driver creates it asynchronously, at its first connection. */
  async #opened(): Promise<{ readonly client: Client; readonly direct: RunStatement | undefined }> {
    await this.#connection.ensureConnection();
    const onClient = this.#dialect?.onClient;
    return { client: this.#connection.getClient(), direct: onClient && (await this.#direct(onClient)) };
  }

  async #direct(onClient: (client: object) => RunStatement): Promise<RunStatement | undefined> {
    if (this.#isForeign) return undefined;
    const native = await this.#nativeClient();
    this.#isForeign = !native;
    return native && onClient(native);
  }

  /** Returns the driver's client, or undefined if the app has given MikroORM its own Kysely dialect, whose client is unknown. */
  async #nativeClient(): Promise<object | undefined> {
    await this.#connection.ensureConnection();
    return (this.#connection.getNativeClient() as Promise<object>).catch(() => undefined);
  }
}

type Client = ReturnType<AbstractSqlConnection['getClient']>;

async function execute(client: Client, sql: string, parameters: readonly unknown[]): Promise<StatementResult> {
  const result = await client.executeQuery({
    sql,
    parameters,
    query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
    queryId: { queryId: sql },
  });
  const { insertId } = result;
  const changed = { rows: result.rows as Record<string, unknown>[], affected: Number(result.numAffectedRows ?? 0) };
  return insertId === undefined ? changed : { ...changed, insertId };
}
