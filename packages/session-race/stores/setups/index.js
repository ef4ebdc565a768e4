import betterSqlite3SessionStore from './better-sqlite3-session-store.js';
import connectMemcached from './connect-memcached.js';
import connectPgSimple from './connect-pg-simple.js';
import connectRedis from './connect-redis.js';
import * as knex from './connect-session-knex.js';
import connectSessionSequelize from './connect-session-sequelize.js';
import connectTypeorm from './connect-typeorm.js';
import expressMySqlSession from './express-mysql-session.js';
import * as fastifySession from './fastify-session.js';
import * as cookies from './held-in-cookies.js';
import koaSessionRedis from './koa-session-redis.js';
import lockingStore from './locking-store.js';
import * as memory from './memory-stores.js';
import smartSession from './nestjs-smart-session.js';
import phpSessions from './php-sessions.js';
import prismaSessionStore from './prisma-session-store.js';
import sessionFileStore from './session-file-store.js';

/** Each store, in the order of the page. */
export const STORES = [
  connectPgSimple,
  connectRedis,
  connectMemcached,
  expressMySqlSession,
  knex.onPostgresql,
  knex.onSqlite,
  connectSessionSequelize,
  connectTypeorm,
  prismaSessionStore,
  betterSqlite3SessionStore,
  sessionFileStore,
  memory.builtIn,
  memory.pruning,
  fastifySession.inMemory,
  fastifySession.onRedis,
  koaSessionRedis,
  cookies.ofKoa,
  cookies.ofExpress,
  cookies.ofFastify,
  cookies.ofIron,
  ...smartSession,
  lockingStore,
  phpSessions,
];

/** Stores that are not measured, and why. */
export const NOT_MEASURED = [
  ['connect-mongo', 'https://github.com/jdesboeufs/connect-mongo', 'no MongoDB server here'],
  ['connect-mongodb-session', 'https://github.com/mongodb-js/connect-mongodb-session', 'no MongoDB server here'],
  ['connect-dynamodb', 'https://github.com/ca98am79/connect-dynamodb', 'no DynamoDB here, which is a service'],
  ['connect-mssql-v2', 'https://github.com/jluboff/connect-mssql-v2', 'no SQL Server here'],
  [
    'connect-sqlite3',
    'https://github.com/rawberg/connect-sqlite3',
    'its driver is compiled at install, for minutes. Two other stores on SQLite are measured',
  ],
];
