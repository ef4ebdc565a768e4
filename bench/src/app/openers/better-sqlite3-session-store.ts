import sqliteStore from 'better-sqlite3-session-store';
import session from 'express-session';
import { countSqlite, openSqlite, sqliteFile } from '../drivers.js';
import { expressSession } from '../express-session.js';
import type { OpenStore } from '../opened-store.js';

/** Opens better-sqlite3-session-store as its README shows, without the log of all statements. */
export const open: OpenStore = (definition, addresses) => {
  const client = openSqlite(sqliteFile(definition, addresses));
  const SqliteStore = sqliteStore(session);
  const store = new SqliteStore({ client, expired: { clear: true, intervalMs: 900_000 } });
  return expressSession(store, countSqlite(), () => void client.close());
};
