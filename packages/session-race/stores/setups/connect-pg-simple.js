import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import { expressApp } from '../app/express-app.js';

const DAYS = 24 * 3_600_000;

export default {
  name: 'connect-pg-simple',
  link: 'https://github.com/voxpelli/node-connect-pg-simple',
  packages: ['pg', 'express-session'],
  server: 'postgresql',
  rows: { '': (at) => expressApp(openStore(at), { cookie: { maxAge: 30 * DAYS } }) },
};

export function openStore({ host, port, user, password, database }) {
  const conObject = { host, port, user, password, database };
  return new (connectPgSimple(session))({ conObject, createTableIfMissing: true });
}
