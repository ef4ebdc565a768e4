import connectSessionSequelize from 'connect-session-sequelize';
import session from 'express-session';
import { Sequelize } from 'sequelize';
import { expressApp } from '../app/express-app.js';

export default {
  name: 'connect-session-sequelize',
  link: 'https://github.com/mweibel/connect-session-sequelize',
  packages: ['sequelize', 'express-session'],
  server: 'postgresql',
  rows: { '': openApp },
};

async function openApp({ host, port, user, password, database }) {
  const db = new Sequelize(database, user, password, { host, port, dialect: 'postgres', logging: false });
  const store = new (connectSessionSequelize(session.Store))({ db });
  await store.sync();
  return expressApp(store);
}
