import type { DriverPackage } from './driver-package.js';
import { importError } from './missing-package.js';

// A bundler follows an import only if the name is a literal. It leaves out a package that is not installed only inside a `try`.

export const postgresqlDriver: DriverPackage = {
  name: '@mikro-orm/postgresql',
  driver: 'PostgreSqlDriver',
  async load() {
    try {
      return await import('@mikro-orm/postgresql');
    } catch (error) {
      throw importError('@mikro-orm/postgresql', error);
    }
  },
};

export const mysqlDriver: DriverPackage = {
  name: '@mikro-orm/mysql',
  driver: 'MySqlDriver',
  async load() {
    try {
      return await import('@mikro-orm/mysql');
    } catch (error) {
      throw importError('@mikro-orm/mysql', error);
    }
  },
};

/** The driver for MariaDB. It uses mysql2 in MikroORM 7 and MariaDB's own connector in MikroORM 6. */
export const mariadbDriver: DriverPackage = {
  name: '@mikro-orm/mariadb',
  driver: 'MariaDbDriver',
  async load() {
    try {
      return await import('@mikro-orm/mariadb');
    } catch (error) {
      throw importError('@mikro-orm/mariadb', error);
    }
  },
};

/** The driver for SQLite. It uses better-sqlite3 in MikroORM 7 and sqlite3 in MikroORM 6. */
export const sqliteDriver: DriverPackage = {
  name: '@mikro-orm/sqlite',
  driver: 'SqliteDriver',
  async load() {
    try {
      return await import('@mikro-orm/sqlite');
    } catch (error) {
      throw importError('@mikro-orm/sqlite', error);
    }
  },
};

/** The second SQLite driver of MikroORM 6. */
export const betterSqliteDriver: DriverPackage = {
  name: '@mikro-orm/better-sqlite',
  driver: 'BetterSqliteDriver',
  async load() {
    try {
      // @ts-expect-error There is no such package beside MikroORM 7.
      return await import('@mikro-orm/better-sqlite');
    } catch (error) {
      throw importError('@mikro-orm/better-sqlite', error);
    }
  },
};
