import expressMySqlSession from 'express-mysql-session';
import session from 'express-session';
import { expressApp } from '../app/express-app.js';

export default {
  name: 'express-mysql-session',
  link: 'https://github.com/chill117/express-mysql-session',
  packages: ['mysql2', 'express-session'],
  server: 'mysql',
  rows: { '': openApp },
};

async function openApp({ host, port, user, password, database }) {
  const store = new (expressMySqlSession(session))({ host, port, user, password, database });
  await store.onReady();
  return expressApp(store);
}
