import { Migrator } from '@mikro-orm/migrations';
import type { Options } from '@mikro-orm/core';
import { SessionEntity, SessionLeaseEntity } from 'nestjs-smart-session';
import { SettingError } from './setting-error.js';

const { env } = process;

/** Returns the driver for the database in `DATABASE`. The default is a SQLite file. */
async function driverOptions(): Promise<Partial<Options>> {
  switch (env.DATABASE ?? 'sqlite') {
    case 'sqlite': {
      const { SqliteDriver } = await import('@mikro-orm/sqlite');
      return { driver: SqliteDriver, dbName: env.SQLITE_FILE ?? 'sample.sqlite' };
    }
    case 'postgresql': {
      const { PostgreSqlDriver } = await import('@mikro-orm/postgresql');
      return {
        driver: PostgreSqlDriver,
        host: env.PGHOST ?? '127.0.0.1',
        port: Number(env.PGPORT ?? 5432),
        user: env.PGUSER ?? 'postgres',
        password: env.PGPASSWORD ?? '',
        dbName: env.PGDATABASE ?? 'smart_session_sample',
      };
    }
    case 'mysql':
      return { driver: (await import('@mikro-orm/mysql')).MySqlDriver, ...mysqlServer() };
    case 'mariadb':
      return { driver: (await import('@mikro-orm/mariadb')).MariaDbDriver, ...mysqlServer() };
    default:
      throw new SettingError(
        'DATABASE',
        String(env.DATABASE),
        'use sqlite, postgresql, mysql or mariadb. For example: DATABASE=postgresql npm start',
      );
  }
}

function mysqlServer() {
  return {
    host: env.MYSQL_HOST ?? '127.0.0.1',
    port: Number(env.MYSQL_PORT ?? 3306),
    user: env.MYSQL_USER ?? 'root',
    password: env.MYSQL_PASSWORD ?? '',
    dbName: env.MYSQL_DATABASE ?? 'smart_session_sample',
  };
}

const options: Partial<Options> = {
  ...(await driverOptions()),
  entities: [SessionEntity, SessionLeaseEntity],
  extensions: [Migrator],
  migrations: { path: env.MIGRATIONS ?? 'migrations', emit: 'cjs' },
};

export default options;
