import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import { SmartSessionOptions, type DialectName } from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { DatabaseContext } from '../../src/persistence/database-context.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { defineSessionEntity } from '../../src/persistence/session.entity.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import type { AppClient } from './app-clients.js';
import { connectionOptions } from './databases.js';
import { dropTables } from './drop-tables.js';

/** An open database with a new sessions table. */
export class SessionsDatabase {
  private constructor(
    readonly context: DatabaseContext,
    readonly table: string,
  ) {}

  /**
   * @param overrides more options for MikroORM
   * @param absoluteTtl the option of that name
   */
  static async open(
    name: DialectName,
    tableName: string,
    overrides: Record<string, unknown> = {},
    absoluteTtl?: number,
  ): Promise<SessionsDatabase> {
    return SessionsDatabase.#connect(name, tableName, overrides, absoluteTtl, async (runner) => {
      await dropTables(name, runner.run, tableName);
      await runner.onOneConnection((run) => DIALECTS[name].createTable(run, tableName, undefined));
    });
  }

  /** Opens a new sessions table on an app's own client. */
  static async openOn({ client, close }: AppClient, dialect: DialectName, tableName: string): Promise<SessionsDatabase> {
    const context = await openDatabase(
      new SmartSessionOptions({ secret: 'test', client, dialect, tableName, createTable: true }),
      undefined,
    );
    const closeBoth = () => context.close().then(close);
    return new SessionsDatabase(
      Object.assign(Object.create(context) as DatabaseContext, { close: closeBoth }),
      DIALECTS[dialect].quote(tableName),
    );
  }

  static async #connect(
    name: DialectName,
    tableName: string,
    overrides: Record<string, unknown>,
    absoluteTtl?: number,
    makeTable?: (runner: StatementRunner) => Promise<void>,
  ): Promise<SessionsDatabase> {
    const orm = await MikroORM.init(connectionOptions(name, { entities: [defineSessionEntity({ tableName })], ...overrides }));
    const runner = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection);
    await makeTable?.(runner);
    const keyHint = await DIALECTS[name].keyHint?.(runner.run, tableName, undefined);
    const context = new DatabaseContext(orm, runner, DIALECTS[name], tableName, undefined, true, 5000, absoluteTtl, keyHint);
    return new SessionsDatabase(Object.assign(context, { close: () => orm.close() }), DIALECTS[name].quote(tableName));
  }

  /** Runs `work` with the same table on connections with other options. */
  async over<Result>(overrides: Record<string, unknown>, work: (database: SessionsDatabase) => Promise<Result>): Promise<Result> {
    const { dialect, tableName, absoluteTtl } = this.context;
    const database = await SessionsDatabase.#connect(dialect.name, tableName, overrides, absoluteTtl);
    try {
      return await work(database);
    } finally {
      await database.context.close();
    }
  }

  /** Runs a statement on the table's database; `{table}` stands for the quoted table. */
  async run(sql: string, parameters: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
    return (await this.context.runner.run(sql.replaceAll('{table}', this.table), parameters)).rows;
  }

  /** Makes every record expire. */
  async expireAll(): Promise<void> {
    await this.run(`update {table} set expires_at = ${this.context.dialect.fromNow('-1000')}`);
  }

  async drop(): Promise<void> {
    const { dialect, runner, tableName } = this.context;
    await dropTables(dialect.name, runner.run, tableName);
  }

  async close(): Promise<void> {
    try {
      await this.drop();
    } finally {
      await this.context.close();
    }
  }
}
