import { join } from 'node:path';
import session from 'express-session';
import sessionFileStore from 'session-file-store';
import { expressApp } from '../app/express-app.js';

export default {
  name: 'session-file-store',
  link: 'https://github.com/valery-barysok/session-file-store',
  packages: ['express-session'],
  server: 'files',
  rows: { '': ({ directory }) => expressApp(new (sessionFileStore(session))({ path: join(directory, 'sessions'), logFn: () => {} })) },
};
