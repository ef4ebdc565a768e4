import { join } from 'node:path';
import Database from 'better-sqlite3';
import betterSqlite3SessionStore from 'better-sqlite3-session-store';
import session from 'express-session';
import { expressApp } from '../app/express-app.js';

export default {
  name: 'better-sqlite3-session-store',
  link: 'https://github.com/TimDaub/better-sqlite3-session-store',
  packages: ['better-sqlite3', 'express-session'],
  server: 'sqlite',
  rows: {
    '': ({ directory }) => {
      const client = new Database(join(directory, 'sessions.db'));
      return expressApp(new (betterSqlite3SessionStore(session))({ client, expired: { clear: true, intervalMs: 900_000 } }));
    },
  },
};
