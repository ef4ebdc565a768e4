import type { StoreFormat } from '../store-format.js';
import { connectPgSimple } from './connect-pg-simple.store.js';
import { connectSessionKnex } from './connect-session-knex.store.js';
import { expressMySqlSession } from './express-mysql-session.store.js';

/** All stores whose sessions can be migrated. */
export const STORE_FORMATS: readonly StoreFormat[] = [connectPgSimple, expressMySqlSession, connectSessionKnex];
