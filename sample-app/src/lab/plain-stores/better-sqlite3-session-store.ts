import session from 'express-session';
import ormOptions from '../../mikro-orm.config.js';
import type { PlainStore } from './plain-store.js';

export const betterSqlite3SessionStore: PlainStore = {
  name: 'better-sqlite3-session-store',
  isShared: true,
  async open() {
    const { default: Database } = await import('better-sqlite3');
    const { default: sqliteStore } = await import('better-sqlite3-session-store');
    // Its table has the name of this library's table, so it needs a file of its own.
    const client = new Database(`${ormOptions.dbName}.plain`);
    client.pragma('journal_mode = WAL');
    return new (sqliteStore(session))({ client, expired: { clear: true, intervalMs: 900_000 } });
  },
};
