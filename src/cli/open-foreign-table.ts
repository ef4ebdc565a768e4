import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { dialectOfDriver } from '../dialects/dialect-of-driver.js';
import { ForeignTable, type ForeignTablePlace } from '../migration/foreign-table.js';
import type { ForeignStore } from '../migration/foreign-store.js';
import type { DatabaseContext } from '../persistence/database-context.js';
import { StatementRunner } from '../persistence/statement-runner.js';
import { openOrm } from './open-orm.js';
import { UsageError } from './usage-error.js';

/**
 * Opens the table of another store, in the database of the sessions or in one of its own, which is closed after.
 *
 * @param config the MikroORM configuration of its own database; undefined for that of the sessions
 * @throws ForeignTableError, and what MikroORM throws
 */
export async function withForeignTable<Result>(
  store: ForeignStore,
  place: ForeignTablePlace,
  config: string | undefined,
  { runner, dialect }: DatabaseContext,
  work: (table: ForeignTable) => Promise<Result>,
): Promise<Result> {
  if (config === undefined) return work(await ForeignTable.open(runner.run, dialect, store, place));
  const orm = await openOrm(undefined, [config]);
  try {
    const driver = orm.em.getDriver().constructor;
    const own = await dialectOfDriver(driver);
    if (!own) throw new UsageError(`import: the driver in ${config} is ${driver.name}, which no store is on.`);
    const { run } = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection, own);
    return await work(await ForeignTable.open(run, own, store, place));
  } finally {
    await orm.close();
  }
}
