import { betterSqlite3SessionStore } from './better-sqlite3-session-store.js';
import { connectPgSimple } from './connect-pg-simple.js';
import { expressMySqlSession } from './express-mysql-session.js';
import type { PlainStore } from './plain-store.js';

const OF_DATABASE: Readonly<Record<string, PlainStore>> = {
  sqlite: betterSqlite3SessionStore,
  postgresql: connectPgSimple,
  mysql: expressMySqlSession,
  mariadb: expressMySqlSession,
};

/** Returns the plain store for the app's database. */
export function plainStore(database = process.env.DATABASE ?? 'sqlite'): PlainStore {
  return OF_DATABASE[database] ?? betterSqlite3SessionStore;
}
