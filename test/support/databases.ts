import { MariaDbDriver } from '@mikro-orm/mariadb';
import { MySqlDriver } from '@mikro-orm/mysql';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { SqliteDriver } from '@mikro-orm/sqlite';
import type { Options } from '@mikro-orm/sql';
import type { DialectName } from '../../src/index.js';
import { PLATFORM } from './platform.js';
import { MARIADB, MYSQL, POSTGRESQL } from './servers.js';

/** The connection of each database. */
export const CONNECTIONS = {
  sqlite: { driver: SqliteDriver, dbName: ':memory:' },
  postgresql: { driver: PostgreSqlDriver, ...POSTGRESQL },
  mysql: { driver: MySqlDriver, ...MYSQL },
  mariadb: { driver: MariaDbDriver, ...MARIADB },
} as const;

/** Returns MikroORM's options for a database of the tests, without entities. */
export function connectionOptions(dialect: DialectName, overrides: Record<string, unknown> = {}): Options {
  return {
    ...CONNECTIONS[dialect],
    entities: [],
    discovery: { warnWhenNoEntities: false },
    allowGlobalContext: true,
    ...overrides,
  } as unknown as Options;
}

/** The databases to test on, as found by the global set-up. */
const FOUND = (process.env.TEST_DATABASES ?? 'sqlite').split(',') as DialectName[];

/** The databases to test on. The tests on Fastify use one, because the platform and the database do not know of each other. */
export const DATABASES = PLATFORM === 'fastify' ? FOUND.slice(0, 1) : FOUND;

/** Whether the driver of MySQL is connected to a MySQL server. It also works on MariaDB. */
export const IS_MYSQL = process.env.TEST_IS_MYSQL === 'true';

/** The databases to test on, with one driver for each kind of server. */
export const ONE_PER_SERVER = DATABASES.filter((database) => database !== 'mysql' || IS_MYSQL || !DATABASES.includes('mariadb'));

/** Returns the kind of server that a driver is connected to. */
export function serverOf<Database extends DialectName>(database: Database): Database | 'mariadb' {
  return database === 'mysql' && !IS_MYSQL ? 'mariadb' : database;
}
