import { dialectOfDriver } from '../dialects/dialect-of-driver.js';
import type { MikroORM } from '@mikro-orm/core';
import type { SmartSessionModuleOptions } from '../options/module-options.js';
import { kindsOf } from '../persistence/client-database.js';
import type { DialectName } from '../shared/dialect-name.js';
import type { CommonGiven } from './settings.js';
import { UsageError } from './usage-error.js';

/**
 * Refuses a --dialect that does not fit the database.
 *
 * @param exported the options as the app gives them
 * @param orm the app's; undefined if the options have their own connection
 * @throws UsageError
 */
export async function refuseOtherDialect(
  { dialect }: CommonGiven,
  exported: SmartSessionModuleOptions,
  orm: MikroORM | undefined,
): Promise<void> {
  if (dialect === undefined) return;
  const names = await dialectsOf(exported, orm);
  if (names.length > 0 && !names.includes(dialect as DialectName))
    throw new UsageError(`--dialect: "${dialect}" was given, but the database is ${names.join(' or ')}. Leave --dialect out.`);
}

/** Returns the dialects that the database can have; none if they are not known. */
async function dialectsOf({ client, connection, dialect }: SmartSessionModuleOptions, orm: MikroORM | undefined): Promise<DialectName[]> {
  if (client) return kindsOf(client).map((kind) => kind.dialect.name);
  const driver: unknown = connection ? connection.driver : orm?.em.getDriver().constructor;
  const found = driver === undefined ? undefined : await dialectOfDriver(driver);
  if (found) return [found.name];
  if (dialect === 'mysql' || dialect === 'mariadb') return ['mysql', 'mariadb'];
  return connection && dialect !== undefined ? [dialect] : [];
}
