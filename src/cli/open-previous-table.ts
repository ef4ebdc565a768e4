import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { dialectOfDriver } from '../dialects/dialect-of-driver.js';
import { PreviousTable, type PreviousTablePlace } from '../migration/previous-table.js';
import type { StoreFormat } from '../migration/store-format.js';
import type { DatabaseContext } from '../persistence/database-context.js';
import { StatementRunner } from '../persistence/statement-runner.js';
import { openOrm } from './open-orm.js';
import { UsageError } from './usage-error.js';

/**
 * Opens the table of another store, in the sessions' database or in its own. Its own database is closed afterwards.
 *
 * @param config the MikroORM configuration of its own database; undefined for the sessions' database
 * @throws PreviousTableError, and MikroORM's errors
 */
export async function withPreviousTable<Result>(
  store: StoreFormat,
  place: PreviousTablePlace,
  config: string | undefined,
  { runner, dialect }: DatabaseContext,
  work: (table: PreviousTable) => Promise<Result>,
): Promise<Result> {
  if (config === undefined) return work(await PreviousTable.open(runner.run, dialect, store, place));
  const orm = await openOrm(undefined, [config]);
  try {
    const driver = orm.em.getDriver().constructor;
    const own = await dialectOfDriver(driver);
    if (!own)
      throw new UsageError(
        `import: the driver in ${config} is ${driver.name}, which is not supported. Use a driver of PostgreSQL, MySQL, MariaDB or SQLite.`,
      );
    const { run } = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection, own);
    return await work(await PreviousTable.open(run, own, store, place));
  } finally {
    await orm.close();
  }
}
