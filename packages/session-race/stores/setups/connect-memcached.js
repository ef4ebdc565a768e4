import connectMemcached from 'connect-memcached';
import session from 'express-session';
import { expressApp } from '../app/express-app.js';

export default {
  name: 'connect-memcached',
  link: 'https://github.com/balor/connect-memcached',
  packages: ['memcached', 'express-session'],
  server: 'memcached',
  rows: { '': ({ host, port }) => expressApp(new (connectMemcached(session))({ hosts: [`${host}:${port}`] })) },
};
