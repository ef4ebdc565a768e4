import { MikroORM } from '@mikro-orm/core';
import ormOptions from './mikro-orm.config.js';
import { SettingError } from './setting-error.js';

const SERVER_OF_MYSQL = 'Start the server, or set MYSQL_HOST, MYSQL_PORT, MYSQL_USER and MYSQL_PASSWORD';

const REMEDIES: Readonly<Record<string, string>> = {
  sqlite: 'Set SQLITE_FILE to a file in a folder that exists',
  postgresql: 'Start the server, or set PGHOST, PGPORT, PGUSER and PGPASSWORD',
  mysql: SERVER_OF_MYSQL,
  mariadb: SERVER_OF_MYSQL,
};

/**
 * Creates the database if it does not exist, so that the sample also starts on an empty server.
 *
 * @throws SettingError if the database cannot be reached
 */
export async function ensureDatabase(database = process.env.DATABASE ?? 'sqlite'): Promise<void> {
  const orm = await MikroORM.init(ormOptions);
  try {
    await orm.schema.ensureDatabase();
  } catch (error) {
    throw new SettingError('DATABASE', database, `the database cannot be used: ${reasonOf(error)}. ${REMEDIES[database]}.`);
  } finally {
    await orm.close();
  }
}

/** A driver that has tried several addresses of a host leaves the message empty. */
function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message || String(code);
}
