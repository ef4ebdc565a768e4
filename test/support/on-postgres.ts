import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { connectionOptions } from './databases.js';

/** Runs `work` on a PostgreSQL database with its own connection. */
export async function onPostgres<Result>(
  work: (run: RunStatement) => Promise<Result>,
  overrides: Record<string, unknown> = {},
): Promise<Result> {
  const orm = await MikroORM.init(connectionOptions('postgresql', overrides));
  try {
    return await work(new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection).run);
  } finally {
    await orm.close();
  }
}
