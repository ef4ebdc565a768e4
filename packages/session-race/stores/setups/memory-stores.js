import session from 'express-session';
import memorystore from 'memorystore';
import { expressApp } from '../app/express-app.js';

const DAY = 86_400_000;

export const builtIn = {
  name: 'MemoryStore',
  package: 'express-session',
  link: 'https://github.com/expressjs/session',
  packages: [],
  server: 'process',
  rows: { '': () => expressApp(new session.MemoryStore()) },
};

export const pruning = {
  name: 'memorystore',
  link: 'https://github.com/roccomuso/memorystore',
  packages: ['express-session'],
  server: 'process',
  rows: { '': () => expressApp(new (memorystore(session))({ checkPeriod: DAY }), { cookie: { maxAge: DAY } }) },
};
