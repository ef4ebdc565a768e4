import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import type { DialectName } from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { connectionOptions } from './databases.js';

/** Creates an empty database on a dialect's server. */
export async function createDatabase(dialect: DialectName, dbName: string): Promise<void> {
  await dropDatabase(dialect, dbName);
  await onServer(dialect, `create database ${DIALECTS[dialect].quote(dbName)}`);
}

/** Drops a database, if it exists. */
export async function dropDatabase(dialect: DialectName, dbName: string): Promise<void> {
  await onServer(dialect, `drop database if exists ${DIALECTS[dialect].quote(dbName)}`);
}

/**
 * Gives the tests of this `describe` their own database. A test that reads all tables needs one, because other tests drop theirs
 * meanwhile.
 *
 * @returns additional options of the connection
 */
export function ownDatabase(dialect: DialectName, name: string): { readonly dbName?: string } {
  // Each SQLite connection has its own database in memory.
  if (dialect === 'sqlite') return {};
  const dbName = `${name}_${process.pid}`;
  beforeAll(() => createDatabase(dialect, dbName));
  afterAll(() => dropDatabase(dialect, dbName));
  return { dbName };
}

async function onServer(dialect: DialectName, sql: string): Promise<void> {
  const orm = await MikroORM.init(connectionOptions(dialect));
  await new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection).run(sql);
  await orm.close();
}
