import connectPgSimple from 'connect-pg-simple';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import session from 'express-session';
import knex, { type Knex } from 'knex';
import pg from 'pg';
import type { DialectName } from '../../src/index.js';
import { openExpressMySqlSession } from '../history/peers.js';
import { POSTGRESQL, SERVERS } from './servers.js';

/** A store of another package, on a table that it creates itself. */
export interface OpenedPreviousStore {
  readonly store: session.Store;
  /** The schema of the table; undefined for the connection's own schema. */
  readonly schema: string | undefined;
  close(): Promise<void>;
}

/** The packages, each with a database that it supports. */
export const FOREIGN = [
  ['connect-pg-simple', 'postgresql'],
  ['express-mysql-session', 'mysql'],
  ['express-mysql-session', 'mariadb'],
  ['connect-session-knex', 'postgresql'],
  ['connect-session-knex', 'mysql'],
  ['connect-session-knex', 'mariadb'],
  ['connect-session-knex', 'sqlite'],
] as const satisfies readonly (readonly [string, DialectName])[];

/** @param file the file of SQLite's database */
export async function openPreviousStore(
  name: string,
  database: DialectName,
  tableName: string,
  file: string,
): Promise<OpenedPreviousStore> {
  if (name === 'connect-pg-simple') return openInSchema(tableName);
  if (name === 'express-mysql-session')
    return { ...(await openExpressMySqlSession(tableName, SERVERS[database as 'mysql' | 'mariadb'])), schema: undefined };
  const connection = knex(knexOptions(database, file));
  const store = new ConnectSessionKnexStore({ knex: connection, tableName, createTable: true, cleanupInterval: 0 });
  await store.ready;
  return { store, schema: undefined, close: () => connection.destroy() };
}

/** Uses its own schema, because the primary key has the same name for every table, and a schema can contain only one. */
async function openInSchema(tableName: string): Promise<OpenedPreviousStore> {
  const { dbName: database, ...server } = POSTGRESQL;
  const schema = `of_${tableName.replaceAll(/\W/g, '_')}`;
  const pool = new pg.Pool({ ...server, database });
  await pool.query(`drop schema if exists ${schema} cascade`);
  await pool.query(`create schema ${schema}`);
  const store = new (connectPgSimple(session))({ pool, tableName, schemaName: schema, createTableIfMissing: true });
  const close = async () => {
    await store.close();
    await pool.query(`drop schema ${schema} cascade`);
    await pool.end();
  };
  return { store, schema, close };
}

function knexOptions(database: DialectName, file: string): Knex.Config {
  if (database === 'sqlite') return { client: 'better-sqlite3', connection: { filename: file }, useNullAsDefault: true };
  const { dbName, ...server } = SERVERS[database];
  return { client: database === 'postgresql' ? 'pg' : 'mysql2', connection: { ...server, database: dbName } };
}

/** Stores a session as express-session does. */
export async function storeSession(store: session.Store, sessionId: string, values: object, maxAge?: number): Promise<void> {
  const cookie = new session.Cookie();
  if (maxAge !== undefined) cookie.maxAge = maxAge;
  await new Promise<void>((resolve, reject) => {
    store.set(sessionId, { ...values, cookie } as session.SessionData, (error) => (error ? reject(error) : resolve()));
  });
}
