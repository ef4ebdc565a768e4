import type { StoreFormat } from '../store-format.js';
import { connectPgSimple } from './connect-pg-simple.store.js';
import { connectSessionKnex } from './connect-session-knex.store.js';
import { expressMySqlSession } from './express-mysql-session.store.js';

/** Every store whose sessions can be taken over. */
export const FOREIGN_STORES: readonly StoreFormat[] = [connectPgSimple, expressMySqlSession, connectSessionKnex];
