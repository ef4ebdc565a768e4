import type { DialectName } from '../../shared/dialect-name.js';
import type { Orm } from './orm.js';
import type { Packages } from './packages.js';
import type { SourceFiles } from './source-files.js';

/** MySQL and MariaDB have the same drivers. */
const MYSQL_OR_MARIADB: readonly DialectName[] = ['mysql', 'mariadb'];

const OF_MIKRO_ORM: Readonly<Record<string, readonly DialectName[]>> = {
  '@mikro-orm/postgresql': ['postgresql'],
  '@mikro-orm/mysql': ['mysql'],
  '@mikro-orm/mariadb': ['mariadb'],
  '@mikro-orm/sqlite': ['sqlite'],
  '@mikro-orm/better-sqlite': ['sqlite'],
};

const OF_DRIVERS: Readonly<Record<string, readonly DialectName[]>> = {
  pg: ['postgresql'],
  postgres: ['postgresql'],
  mysql2: MYSQL_OR_MARIADB,
  mysql: MYSQL_OR_MARIADB,
  mariadb: ['mariadb'],
  'better-sqlite3': ['sqlite'],
  sqlite3: ['sqlite'],
};

/** The names of databases in the configuration files of Prisma and Drizzle. */
const IN_FILES: Readonly<Record<string, readonly DialectName[]>> = {
  postgresql: ['postgresql'],
  postgres: ['postgresql'],
  mysql: MYSQL_OR_MARIADB,
  sqlite: ['sqlite'],
};

/** Returns the dialects that the app's database can have. It is known if there is one. */
export function dialectsOf(packages: Packages, orm: Orm | undefined, files: SourceFiles): readonly DialectName[] {
  const named = IN_FILES[files.databaseInConfig ?? ''];
  if (named) return named;
  const ofMikroOrm = byPackage(packages, OF_MIKRO_ORM);
  if (orm?.name === 'MikroORM') return ofMikroOrm;
  const ofDrivers = byPackage(packages, OF_DRIVERS);
  return ofDrivers.length > 0 ? ofDrivers : ofMikroOrm;
}

function byPackage({ has }: Packages, dialects: Readonly<Record<string, readonly DialectName[]>>): readonly DialectName[] {
  return [
    ...new Set(
      Object.keys(dialects)
        .filter(has)
        .flatMap((name) => dialects[name]!),
    ),
  ];
}
