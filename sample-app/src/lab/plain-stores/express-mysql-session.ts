import session from 'express-session';
import ormOptions from '../../mikro-orm.config.js';
import type { PlainStore } from './plain-store.js';

export const expressMySqlSession: PlainStore = {
  name: 'express-mysql-session',
  isShared: true,
  async open() {
    const { default: mySqlStore } = await import('express-mysql-session');
    const { host, port, user, password, dbName: database } = ormOptions;
    const store = new (mySqlStore(session))({
      host,
      port,
      user,
      password: String(password),
      database,
      schema: { tableName: 'plain_sessions' },
    });
    await store.onReady();
    return store;
  },
};
