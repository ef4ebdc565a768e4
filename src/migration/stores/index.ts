import type { ForeignStore } from '../foreign-store.js';
import { connectPgSimple } from './connect-pg-simple.store.js';
import { connectSessionKnex } from './connect-session-knex.store.js';
import { expressMySqlSession } from './express-mysql-session.store.js';

/** Every store whose sessions can be taken over. */
export const FOREIGN_STORES: readonly ForeignStore[] = [connectPgSimple, expressMySqlSession, connectSessionKnex];
