import type { DialectName } from '../../shared/dialect-name.js';
import type { App } from './app.js';

/** How sessions reach the database: by the app's MikroORM, by a pool of the app, or by a connection of their own. */
export type ConnectionWay = 'orm' | 'client' | 'connection';

/** The packages whose clients the option `client` takes. */
const CLIENTS: Readonly<Record<DialectName, readonly string[]>> = {
  postgresql: ['pg'],
  mysql: ['mysql2'],
  mariadb: ['mysql2'],
  sqlite: ['better-sqlite3'],
};

/** MikroORM's driver of each dialect. */
const MIKRO_ORM_DRIVERS: Readonly<Record<DialectName, string>> = {
  postgresql: '@mikro-orm/postgresql',
  mysql: '@mikro-orm/mysql',
  mariadb: '@mikro-orm/mariadb',
  sqlite: '@mikro-orm/sqlite',
};

/** The version of MikroORM for an app that has none. */
const MIKRO_ORM_VERSION = '7.2';

/** Returns how sessions reach the database of this app. */
export function connectionWayOf({ orm, packages }: App, dialect: DialectName): ConnectionWay {
  const hasClient = CLIENTS[dialect].some(packages.has);
  const isPool: Readonly<Record<string, boolean>> = {
    // TypeORM's type of the driver for SQLite does not name its client.
    TypeORM: packages.has('@nestjs/typeorm') && hasClient && dialect !== 'sqlite',
    // Only the adapter for pg takes a pool.
    Prisma: packages.has('@prisma/adapter-pg') && hasClient && dialect === 'postgresql',
    Drizzle: hasClient,
    Knex: hasClient || (dialect === 'sqlite' && packages.has('sqlite3')),
  };
  if (orm?.name === 'MikroORM') return 'orm';
  return orm && isPool[orm.name] ? 'client' : 'connection';
}

/** Returns the packages that the app lacks, as arguments of its installer. */
export function missingPackages({ packages }: App, dialect: DialectName, way: ConnectionWay, writesMigration: boolean): readonly string[] {
  const version = packages.rangeOf('@mikro-orm/core') ?? MIKRO_ORM_VERSION;
  const ofMikroOrm = [
    '@mikro-orm/core',
    ...(way === 'client' || (dialect === 'sqlite' && packages.has('@mikro-orm/better-sqlite')) ? [] : [MIKRO_ORM_DRIVERS[dialect]]),
    ...(way === 'orm' && writesMigration ? ['@mikro-orm/migrations'] : []),
  ];
  return [
    ...['nestjs-smart-session', 'express-session'].filter((name) => !packages.has(name)),
    ...ofMikroOrm.filter((name) => !packages.has(name)).map((name) => quoted(`${name}@${version}`)),
  ];
}

/** A shell gives some characters of ranges a meaning. */
function quoted(text: string): string {
  return /[^\w@/.^~-]/.test(text) ? `"${text}"` : text;
}
