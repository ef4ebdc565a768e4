import session from 'express-session';
import ormOptions from '../../mikro-orm.config.js';
import type { PlainStore } from './plain-store.js';

export const connectPgSimple: PlainStore = {
  name: 'connect-pg-simple',
  isShared: true,
  async open() {
    const { default: pgStore } = await import('connect-pg-simple');
    const { host, port, user, password, dbName: database } = ormOptions;
    const conObject = { host, port, user, password: String(password), database };
    return new (pgStore(session))({ conObject, tableName: 'plain_sessions', createTableIfMissing: true });
  },
};
