import { PrismaPg } from '@prisma/adapter-pg';
import prismaClient from '@prisma/client';
import { PrismaSessionStore } from '@quixo3/prisma-session-store';
import pg from 'pg';
import { expressApp } from '../app/express-app.js';

const DAYS = 24 * 3_600_000;
/** Prisma's migrations need its engine. This is the table of the README's model. */
const TABLE = `create table if not exists "Session" (id text primary key, sid text unique not null, data text not null, "expiresAt" timestamp(3) not null)`;

export default {
  name: '@quixo3/prisma-session-store',
  link: 'https://github.com/kleydon/prisma-session-store',
  packages: ['@prisma/client', 'express-session'],
  server: 'postgresql',
  rows: {
    '': (at) => openApp(at),
    'with concurrent `set` and `touch`': (at) =>
      openApp(at, { enableConcurrentSetInvocationsForSameSessionID: true, enableConcurrentTouchInvocationsForSameSessionID: true }),
  },
};

async function openApp({ host, port, user, password, database }, options = {}) {
  const connection = { host, port, user, password, database };
  const client = new pg.Client(connection);
  await client.connect();
  await client.query(TABLE);
  await client.end();
  const prisma = new prismaClient.PrismaClient({ adapter: new PrismaPg(connection) });
  const store = new PrismaSessionStore(prisma, {
    checkPeriod: 2 * 60 * 1000,
    dbRecordIdIsSessionId: true,
    dbRecordIdFunction: undefined,
    loggerLevel: 'error',
    ...options,
  });
  return expressApp(store, { cookie: { maxAge: 7 * DAYS } });
}
