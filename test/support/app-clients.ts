import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventEmitter } from 'node:events';
import Database from 'better-sqlite3';
import knex, { type Knex } from 'knex';
import mysql from 'mysql2';
import { createPool, type Pool } from 'mysql2/promise';
import pg from 'pg';
import type { DialectName } from '../../src/index.js';
import { DATABASES } from './databases.js';
import { SERVERS } from './servers.js';

/** An app's own client, and how the app uses it. */
export interface AppClient {
  /** The option `client`. */
  readonly client: object;
  /** The emitter of the pool's events, if it has one. */
  readonly pool?: EventEmitter;
  /** Runs statements on one connection, and gives it back as it is then. */
  run(...statements: string[]): Promise<void>;
  /** Runs a statement on any connection, by the pool's own method for that. */
  query(statement: string): Promise<unknown>;
  /** Takes one of the driver's connections. The caller gives it back. */
  take(): Promise<{ readonly connection: object; giveBack(): unknown }>;
  close(): Promise<unknown>;
}

type Open = (dialect: DialectName, settings?: object) => AppClient;

/** The ways in which an app may have a client, by name. */
const KINDS: Readonly<Record<string, { readonly dialects: readonly DialectName[]; readonly open: Open }>> = {
  'pg.Pool': { dialects: ['postgresql'], open: openPg },
  'a pool of mysql2': { dialects: ['mysql', 'mariadb'], open: openMysql2 },
  'a pool of mysql2/promise': { dialects: ['mysql', 'mariadb'], open: openMysql2Promise },
  'a file of better-sqlite3': { dialects: ['sqlite'], open: openSqliteFile },
  'better-sqlite3 in memory': { dialects: ['sqlite'], open: () => openDatabase(':memory:') },
  knex: { dialects: ['postgresql', 'mysql', 'mariadb', 'sqlite'], open: openKnex },
};

/** Each way, on each database of the tests. */
export const CLIENT_CASES = Object.entries(KINDS).flatMap(([kind, { dialects, open }]) =>
  dialects
    .filter((dialect) => DATABASES.includes(dialect))
    .map((dialect) => ({ kind, dialect, open: (settings?: object) => open(dialect, settings) })),
);

function openPg(_dialect: DialectName, settings?: object): AppClient {
  const { dbName: database, ...server } = SERVERS.postgresql;
  const pool = new pg.Pool({ database, ...server, ...settings });
  const run = async (...statements: string[]) => {
    const client = await pool.connect();
    client.on('error', () => {});
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      client.release();
    }
  };
  const take = async () => {
    const connection = await pool.connect();
    return { connection, giveBack: () => connection.release() };
  };
  return { client: pool, pool, run, query: (statement) => pool.query(statement), take, close: () => pool.end() };
}

function openMysql2(dialect: DialectName, settings?: object): AppClient {
  const pool = mysql.createPool({ ...mysqlOptions(dialect), ...settings });
  return { client: pool, pool, ...usesOf(pool.promise()) };
}

function openMysql2Promise(dialect: DialectName, settings?: object): AppClient {
  const pool = createPool({ ...mysqlOptions(dialect), ...settings });
  return { client: pool, pool: pool.pool, ...usesOf(pool) };
}

function usesOf(pool: Pool): Pick<AppClient, 'run' | 'query' | 'take' | 'close'> {
  const run = async (...statements: string[]) => {
    const connection = await pool.getConnection();
    try {
      for (const statement of statements) await connection.query(statement);
    } finally {
      connection.release();
    }
  };
  const take = async () => {
    const { connection } = await pool.getConnection();
    return { connection, giveBack: () => (connection as unknown as { release(): void }).release() };
  };
  return { run, query: (statement) => pool.query(statement), take, close: () => pool.end() };
}

function openSqliteFile(): AppClient {
  const { file, remove } = newFile();
  const opened = openDatabase(file);
  const close = async () => {
    await opened.close();
    remove();
  };
  return { ...opened, close };
}

function openDatabase(file: string): AppClient {
  const database = new Database(file);
  const run = async (...statements: string[]) => {
    for (const statement of statements) {
      database.exec(statement);
      // Between two statements of an app, other work may run.
      await new Promise(setImmediate);
    }
  };
  const query = async (statement: string) => database.exec(statement);
  const take = async () => ({ connection: database, giveBack() {} });
  return { client: database, run, query, take, close: async () => database.close() };
}

function openKnex(dialect: DialectName, settings?: object): AppClient {
  const { file, remove } = newFile();
  const configurations: Record<DialectName, Knex.Config> = {
    postgresql: { client: 'pg', connection: { ...SERVERS.postgresql, database: SERVERS.postgresql.dbName } },
    mysql: { client: 'mysql2', connection: mysqlOptions('mysql') },
    mariadb: { client: 'mysql2', connection: mysqlOptions('mariadb') },
    sqlite: { client: 'better-sqlite3', connection: { filename: file }, useNullAsDefault: true },
  };
  const instance = knex({ ...configurations[dialect], ...settings });
  const client = instance.client as Knex.Client & { readonly pool: { readonly emitter: EventEmitter } };
  const run = async (...statements: string[]) => {
    const connection: unknown = await client.acquireConnection();
    try {
      for (const statement of statements) await instance.raw(statement).connection(connection);
    } finally {
      await client.releaseConnection(connection);
    }
  };
  const close = async () => {
    await instance.destroy();
    remove();
  };
  const query = async (statement: string) => instance.raw(statement);
  const take = async () => {
    const connection = (await client.acquireConnection()) as object;
    return { connection, giveBack: () => client.releaseConnection(connection) };
  };
  return { client: instance, pool: client.pool.emitter, run, query, take, close };
}

function mysqlOptions(dialect: DialectName) {
  const { dbName: database, host, port, user, password } = SERVERS[dialect as 'mysql'];
  return { host, port, user, password, database };
}

function newFile() {
  const directory = mkdtempSync(join(tmpdir(), 'client-'));
  return { file: join(directory, 'app.sqlite'), remove: () => rmSync(directory, { recursive: true }) };
}
