import connectPgSimple from 'connect-pg-simple';
import expressMySqlSession from 'express-mysql-session';
import session from 'express-session';
import pg from 'pg';
import type { DialectName } from '../../src/index.js';
import { MYSQL, POSTGRESQL } from '../support/servers.js';
import type { AuditedTable } from './audit-trail.js';

/** A store of somebody else's, for express-session. */
export interface Peer {
  readonly database: DialectName;
  table(name: string): AuditedTable;
  open(tableName: string): Promise<OpenedPeer>;
}

export interface OpenedPeer {
  readonly store: session.Store;
  close(): Promise<void>;
}

/** Each as its README has it. */
export const PEERS = {
  'connect-pg-simple': {
    database: 'postgresql',
    table: (name) => ({ name, key: 'sid', data: 'sess' }),
    async open(tableName) {
      const { dbName: database, ...server } = POSTGRESQL;
      const pool = new pg.Pool({ ...server, database });
      const store = new (connectPgSimple(session))({ pool, tableName, createTableIfMissing: true });
      return { store, close: async () => (await store.close(), pool.end()) };
    },
  },
  'express-mysql-session': {
    database: 'mysql',
    table: (name) => ({ name, key: 'session_id', data: 'data' }),
    open: (tableName) => openExpressMySqlSession(tableName, MYSQL),
  },
} as const satisfies Record<string, Peer>;

/** Opens express-mysql-session on a server of MySQL or MariaDB. */
export async function openExpressMySqlSession(tableName: string, { dbName: database, ...server }: typeof MYSQL): Promise<OpenedPeer> {
  const store = new (expressMySqlSession(session))({ ...server, database, schema: { tableName } });
  await store.onReady();
  return { store, close: () => store.close() };
}

export type PeerName = keyof typeof PEERS;
