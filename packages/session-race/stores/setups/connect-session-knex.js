import { join } from 'node:path';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import knex from 'knex';
import { expressApp } from '../app/express-app.js';

const about = { name: 'connect-session-knex', link: 'https://github.com/gx0r/connect-session-knex', packages: ['knex', 'express-session'] };

export const onPostgresql = {
  ...about,
  server: 'postgresql',
  rows: {
    '': openOnPostgresql,
    // The store's promises reject with the errors that its callbacks get. Without a listener, a rejection ends the process.
    'with a listener of `unhandledRejection`': (at) => {
      process.on('unhandledRejection', () => {});
      return openOnPostgresql(at);
    },
  },
};

function openOnPostgresql({ host, port, user, password, database }) {
  return openApp({ client: 'pg', connection: { host, port, user, password, database } });
}

export const onSqlite = {
  ...about,
  name: 'connect-session-knex, SQLite',
  server: 'sqlite',
  rows: {
    '': ({ directory }) =>
      openApp({ client: 'better-sqlite3', connection: { filename: join(directory, 'knex.sqlite') }, useNullAsDefault: true }),
  },
};

async function openApp(options) {
  const store = new ConnectSessionKnexStore({ knex: knex(options), createTable: true });
  await store.ready;
  return expressApp(store);
}
