/** Exact versions: a run today and one next month test the same. */
export const NODES = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };

const NEST = {
  11: { '@nestjs/common': '11.2.10', '@nestjs/core': '11.2.10', '@nestjs/platform-express': '11.2.10', ...fastify('11.2.8', '5.11.3') },
  12: { '@nestjs/common': '12.5.1', '@nestjs/core': '12.5.1', '@nestjs/platform-express': '12.5.1', ...fastify('12.5.0', '5.12.8') },
};

/** Nest's platform depends on one version of Fastify. The app needs that one for its types. */
function fastify(platform, version) {
  return { '@nestjs/platform-fastify': platform, fastify: version };
}

/** What the starter of each Nest has, or what is newest. */
const TYPESCRIPT = { 11: '5.9.3', 12: '7.0.2' };

const COMMON = { 'express-session': '1.19.0', 'reflect-metadata': '0.2.2', rxjs: '7.8.2', '@types/node': '20.19.25' };

/** MikroORM's drivers: a package, its class, the dialect, and which native package it has to compile. */
const POSTGRESQL = { name: 'postgresql', dialect: 'postgresql', package: '@mikro-orm/postgresql', driver: 'PostgreSqlDriver' };
const MYSQL = { name: 'mysql', dialect: 'mysql', package: '@mikro-orm/mysql', driver: 'MySqlDriver' };
const MARIADB = { name: 'mariadb', dialect: 'mariadb', package: '@mikro-orm/mariadb', driver: 'MariaDbDriver' };
const SQLITE = { name: 'sqlite', dialect: 'sqlite', package: '@mikro-orm/sqlite', driver: 'SqliteDriver' };
const SQLITE3 = { ...SQLITE, native: 'sqlite3' };
const BETTER_SQLITE = {
  name: 'better-sqlite',
  dialect: 'sqlite',
  package: '@mikro-orm/better-sqlite',
  driver: 'BetterSqliteDriver',
  native: 'better-sqlite3',
};

const MIKRO_ORM = {
  6: {
    version: '6.6.16',
    nodes: [20, 22, 24, 26],
    drivers: [SQLITE3, BETTER_SQLITE, POSTGRESQL, MARIADB, MYSQL],
    // @mikro-orm/nestjs 6 ends at Nest 11, and 7 begins at MikroORM 7.
    nestjs: { 11: '6.1.2' },
  },
  7: {
    version: '7.2.1',
    // Its `engines`: >= 22.17.
    nodes: [22, 24, 26],
    drivers: [SQLITE, POSTGRESQL, MARIADB, MYSQL],
    nestjs: { 11: '7.1.0', 12: '7.1.0' },
  },
};

/**
 * A Nest and a MikroORM, which are installed once for all their Nodes.
 *
 * @typedef {{ name: string, nest: string, orm: string, nodes: number[], drivers: object[], hasAppOrm: boolean, dependencies: Record<string, string> }} Pair
 * @returns {Pair[]}
 */
export function pairs() {
  return Object.keys(NEST).flatMap((nest) => Object.keys(MIKRO_ORM).map((orm) => pair(nest, orm)));
}

function pair(nest, orm) {
  const { version, nodes, drivers, nestjs } = MIKRO_ORM[orm];
  const packages = ['@mikro-orm/core', ...drivers.map((driver) => driver.package)];
  const integration = nestjs[nest] ? { '@mikro-orm/nestjs': nestjs[nest] } : {};
  return {
    name: `nest-${nest}-mikro-orm-${orm}`,
    nest: NEST[nest]['@nestjs/core'],
    orm: version,
    nodes,
    drivers,
    hasAppOrm: nest in nestjs,
    dependencies: {
      ...COMMON,
      typescript: TYPESCRIPT[nest],
      ...NEST[nest],
      ...Object.fromEntries(packages.map((name) => [name, version])),
      ...integration,
    },
  };
}
