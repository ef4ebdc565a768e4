import type { Dialect, DialectName } from './dialect.js';
import { mariadb } from './mariadb.dialect.js';
import { mysql } from './mysql.dialect.js';
import { postgresql } from './postgresql.dialect.js';
import { sqlite } from './sqlite.dialect.js';

/** Every dialect, by name. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = { postgresql, mysql, mariadb, sqlite };

/**
 * The dialect of one of MikroORM's drivers; undefined for a driver that has none.
 *
 * @param driver the name of the driver's class
 */
export function dialectOfDriver(driver: string | undefined): Dialect | undefined {
  return Object.values(DIALECTS).find(({ drivers }) => drivers.some(({ name }) => name === driver));
}
