import { betterSqlite3SessionStore } from './better-sqlite3-session-store.js';
import { connectPgSimple } from './connect-pg-simple.js';
import { expressMySqlSession } from './express-mysql-session.js';
import { memoryStore } from './memory-store.js';
import type { PlainStore } from './plain-store.js';

const OF_DATABASE: Readonly<Record<string, PlainStore>> = {
  sqlite: betterSqlite3SessionStore,
  postgresql: connectPgSimple,
  mysql: expressMySqlSession,
  mariadb: expressMySqlSession,
};

/** The plain stores that a race can use. The first one, on the app's database, is the default. */
export const PLAIN_STORES: readonly [PlainStore, ...PlainStore[]] = [
  OF_DATABASE[process.env.DATABASE ?? 'sqlite'] ?? betterSqlite3SessionStore,
  memoryStore,
];

/** Returns the plain store with this name, or the default. */
export function plainStore(name: unknown): PlainStore {
  return PLAIN_STORES.find((store) => store.name === name) ?? PLAIN_STORES[0];
}
