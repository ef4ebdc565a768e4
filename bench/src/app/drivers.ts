import { createRequire } from 'node:module';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Addresses } from '../servers/addresses.js';
import type { StoreDefinition } from '../stores/store-definition.js';
import { CallCounter, type StatementCounter } from './statement-counter.js';

/** Returns the file of a store that keeps its sessions in SQLite. */
export const sqliteFile = ({ id }: StoreDefinition, { folder }: Addresses): string => join(folder, `${id}.sqlite`);

/** Opens a file with a write-ahead log, as this library and the driver's README recommend. */
export function openSqlite(file: string): Database.Database {
  const database = new Database(file);
  database.pragma('journal_mode = wal');
  database.pragma('busy_timeout = 50');
  return database;
}

/** Counts the statements of better-sqlite3. */
export function countSqlite(): StatementCounter {
  const database = new Database(':memory:');
  const statement = Object.getPrototypeOf(database.prepare('select 1')) as object;
  database.close();
  return new CallCounter([
    [statement, 'run', 'get', 'all', 'iterate'],
    [Database.prototype, 'exec'],
  ]);
}

/** Counts the queries of the shared copy of pg. */
export async function countPostgreSql(): Promise<StatementCounter> {
  const { default: pg } = await import('pg');
  return new CallCounter([[pg.Client.prototype, 'query']]);
}

/** Counts the queries of a package's own copy of mysql2. */
export function countMySql(owner?: string): StatementCounter {
  const here = createRequire(import.meta.url);
  const copy = (owner ? createRequire(here.resolve(owner)) : here)('mysql2') as { Connection: { prototype: object } };
  return new CallCounter([[copy.Connection.prototype, 'query', 'execute']]);
}
