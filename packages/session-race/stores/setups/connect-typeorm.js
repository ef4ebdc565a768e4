import 'reflect-metadata';
import { TypeormStore } from 'connect-typeorm';
import typeorm from 'typeorm';
import { expressApp } from '../app/express-app.js';

/** The entity of the README. */
const Session = new typeorm.EntitySchema({
  name: 'Session',
  tableName: 'typeorm_session',
  columns: {
    id: { type: 'varchar', length: 255, primary: true },
    expiredAt: { type: 'bigint' },
    json: { type: 'text' },
    destroyedAt: { type: 'timestamp', deleteDate: true, nullable: true },
  },
  indices: [{ columns: ['expiredAt'] }],
});

export default {
  name: 'connect-typeorm',
  link: 'https://github.com/freshgiammi-lab/connect-typeorm',
  packages: ['typeorm', 'express-session'],
  server: 'postgresql',
  rows: {
    '': (at) => openApp(at),
    'with `onError`': (at) => openApp(at, { onError: () => {} }),
  },
};

async function openApp({ host, port, user, password, database }, options = {}) {
  const connection = { host, port, username: user, password, database };
  const source = new typeorm.DataSource({ type: 'postgres', ...connection, entities: [Session], synchronize: true });
  await source.initialize();
  const store = new TypeormStore({ cleanupLimit: 2, limitSubquery: false, ttl: 86_400, ...options });
  return expressApp(store.connect(source.getRepository(Session)));
}
