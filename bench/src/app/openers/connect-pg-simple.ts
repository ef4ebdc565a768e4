import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import pg from 'pg';
import { POOL_SIZE, required } from '../../servers/addresses.js';
import { countPostgreSql } from '../drivers.js';
import { expressSession } from '../express-session.js';
import type { OpenStore } from '../opened-store.js';

/** Opens connect-pg-simple with a given pool, as its README shows, and with the table that it creates. */
export const open: OpenStore = async (_, { postgresql }) => {
  const pool = new pg.Pool({ ...required(postgresql), max: POOL_SIZE });
  const PgStore = connectPgSimple(session);
  const store = new PgStore({ pool, createTableIfMissing: true });
  return expressSession(store, await countPostgreSql(), async () => {
    await store.close();
    await pool.end();
  });
};
