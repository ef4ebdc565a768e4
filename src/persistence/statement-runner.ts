import type { AbstractSqlConnection } from '@mikro-orm/sql';
import type { Dialect } from '../dialects/dialect.js';
import type { RunStatement, StatementResult } from '../dialects/run-statement.js';

/**
 * Runs statements on MikroORM's connection, past its unit of work. The one file that knows how
 * MikroORM 7 (by Kysely) binds parameters.
 */
export class StatementRunner {
  readonly #connection: () => AbstractSqlConnection;
  readonly #onClient: Dialect['onClient'];
  #isForeign = false;

  /** @param onClient runs statements on the driver's own client, while MikroORM lends its connection */
  constructor(connection: () => AbstractSqlConnection, onClient?: Dialect['onClient']) {
    this.#connection = connection;
    this.#onClient = onClient;
  }

  /** Runs one autocommitted statement. */
  readonly run: RunStatement = async (sql, parameters = []) => {
    const { client, direct } = await this.#opened();
    return direct ? client.getExecutor().provideConnection(() => direct(sql, parameters)) : execute(client, sql, parameters);
  };

  /** Runs `work` with all its statements on one connection. */
  async onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    const { client, direct } = await this.#opened();
    return client.connection().execute((pinned) => work(direct ?? ((sql, parameters = []) => execute(pinned, sql, parameters))));
  }

  /** The MySQL driver makes its client asynchronously, when it first connects. */
  async #opened(): Promise<{ readonly client: Client; readonly direct: RunStatement | undefined }> {
    const connection = this.#connection();
    await connection.ensureConnection();
    return { client: connection.getClient(), direct: this.#onClient && (await this.#direct(connection)) };
  }

  /** Undefined where the app has given MikroORM a Kysely dialect of its own: then nobody knows the driver's client. */
  async #direct(connection: AbstractSqlConnection): Promise<RunStatement | undefined> {
    if (this.#isForeign) return undefined;
    const native = (await connection.getNativeClient().catch(() => undefined)) as object | undefined;
    this.#isForeign = !native;
    return native && this.#onClient?.(native);
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
  return { rows: result.rows as Record<string, unknown>[], affected: Number(result.numAffectedRows ?? 0) };
}
