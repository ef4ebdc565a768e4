import type { DatabaseName, StoreDefinition } from './store-definition.js';

type Optional = 'settings' | 'isQuick' | 'isMain';
type Entry = Omit<StoreDefinition, Optional> & Partial<Pick<StoreDefinition, Optional>>;

const store = (entry: Entry): StoreDefinition => ({ settings: {}, isQuick: false, isMain: false, ...entry });

/** The stores in the goals and the charts. */
const MAIN = { isQuick: true, isMain: true };

/** All stores, in the order of the report. */
export const STORES: readonly StoreDefinition[] = [
  ...ours('postgresql', 'postgresql', 'PostgreSQL'),
  store({
    id: 'connect-pg-simple',
    label: 'connect-pg-simple',
    kind: 'peer',
    database: 'postgresql',
    opener: 'connect-pg-simple',
    packages: ['connect-pg-simple', 'pg'],
    ...MAIN,
  }),
  knex('postgresql', 'pg', 'pg'),
  store({
    id: 'driver-pg',
    label: 'pg alone, no session',
    kind: 'reference',
    database: 'postgresql',
    opener: 'driver-pg',
    packages: ['pg'],
  }),

  ...ours('mariadb', 'mariadb', 'MariaDB'),
  store({
    id: 'express-mysql-session',
    label: 'express-mysql-session',
    kind: 'peer',
    database: 'mariadb',
    opener: 'express-mysql-session',
    packages: ['express-mysql-session'],
    ...MAIN,
  }),
  knex('mariadb', 'mysql2', 'mysql2'),
  store({
    id: 'driver-mysql2',
    label: 'mysql2 alone, no session',
    kind: 'reference',
    database: 'mariadb',
    opener: 'driver-mysql2',
    packages: ['mysql2'],
  }),

  ...ours('mysql', 'mysql', 'MySQL'),
  store({
    id: 'express-mysql-session-mysql',
    label: 'express-mysql-session on MySQL',
    kind: 'peer',
    database: 'mysql',
    opener: 'express-mysql-session',
    packages: ['express-mysql-session'],
    ...MAIN,
  }),

  ...ours('sqlite', 'sqlite', 'SQLite'),
  store({
    id: 'better-sqlite3-session-store',
    label: 'better-sqlite3-session-store',
    kind: 'peer',
    database: 'sqlite',
    opener: 'better-sqlite3-session-store',
    packages: ['better-sqlite3-session-store', 'better-sqlite3'],
    ...MAIN,
  }),
  knex('sqlite', 'better-sqlite3', 'better-sqlite3'),
  store({
    id: 'driver-better-sqlite3',
    label: 'better-sqlite3 alone, no session',
    kind: 'reference',
    database: 'sqlite',
    opener: 'driver-better-sqlite3',
    packages: ['better-sqlite3'],
  }),

  redis('redis-nothing', 'connect-redis, keeps nothing', 'nothing'),
  redis('redis-always', 'connect-redis, appendfsync always', 'always'),

  store({
    id: 'memory-store',
    label: 'MemoryStore of express-session',
    kind: 'peer',
    database: 'memory',
    opener: 'memory-store',
    packages: ['express-session'],
    ...MAIN,
  }),
  store({
    id: 'no-session',
    label: 'Nest alone, no session',
    kind: 'reference',
    database: 'none',
    opener: 'no-session',
    packages: ['@nestjs/core'],
  }),
];

/** Returns the id of this library's store on a database, with the default repository and locking. */
export function ourStore(dialect: string): string {
  return `ours-${dialect}`;
}

/** @throws Error if there is no such store */
export function findStore(id: string): StoreDefinition {
  const found = STORES.find((definition) => definition.id === id);
  if (!found) throw new Error(`There is no store "${id}". There are ${STORES.map((definition) => definition.id).join(', ')}.`);
  return found;
}

function ours(dialect: string, database: DatabaseName, name: string): StoreDefinition[] {
  const variant = (suffix: string, label: string, repository: string, locking: string, flags: Partial<StoreDefinition> = {}) =>
    store({
      id: `${ourStore(dialect)}${suffix}`,
      label: `smart-session on ${name}${label}`,
      kind: 'ours',
      database,
      opener: 'smart-session',
      settings: { dialect, repository, locking },
      packages: ['nestjs-smart-session', '@mikro-orm/core'],
      ...flags,
    });
  return [
    variant('', '', 'sql', 'optimistic', MAIN),
    variant('-pessimistic', ', pessimistic', 'sql', 'pessimistic'),
    variant('-em', ', EntityManager', 'entity-manager', 'optimistic'),
    variant('-em-pessimistic', ', EntityManager, pessimistic', 'entity-manager', 'pessimistic'),
  ];
}

function knex(database: DatabaseName, client: string, driver: string): StoreDefinition {
  return store({
    id: `knex-${database}`,
    label: `connect-session-knex (${driver})`,
    kind: 'peer',
    database,
    opener: 'connect-session-knex',
    settings: { client },
    packages: ['connect-session-knex', 'knex', driver],
  });
}

function redis(id: string, label: string, durability: string): StoreDefinition {
  return store({
    id,
    label,
    kind: 'peer',
    database: 'redis',
    opener: 'connect-redis',
    settings: { durability },
    packages: ['connect-redis', 'redis'],
    ...MAIN,
  });
}
