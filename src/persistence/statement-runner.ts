import type { AbstractSqlConnection } from '@mikro-orm/sql';
import type { RunStatement, StatementResult } from '../dialects/run-statement.js';

/**
 * Runs statements on MikroORM's connection, past its unit of work. The one file that knows how
 * MikroORM 7 (by Kysely) binds parameters.
 */
export class StatementRunner {
  readonly #connection: () => AbstractSqlConnection;

  constructor(connection: () => AbstractSqlConnection) {
    this.#connection = connection;
  }

  /** Runs one autocommitted statement. */
  readonly run: RunStatement = async (sql, parameters = []) => execute(await this.#client(), sql, parameters);

  /** Runs `work` with all its statements on one connection. */
  async onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    const client = await this.#client();
    return client.connection().execute((pinned) => work((sql, parameters = []) => execute(pinned, sql, parameters)));
  }

  /** The MySQL driver makes its client asynchronously, when it first connects. */
  async #client(): Promise<Client> {
    const connection = this.#connection();
    await connection.ensureConnection();
    return connection.getClient();
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
