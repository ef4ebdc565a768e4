import type { Dialect } from './dialect.js';
import { betterSqliteDriver, sqliteDriver } from './drivers.js';
import { callsBack, onCallbackDatabase } from './callback-statements.js';
import { knexOn } from './knex.pool.js';
import { onDatabase } from './compiled-statements.js';
import { qualifiedName } from './qualified-name.js';
import { driverError } from './driver-error.js';
import { sqliteFailure } from './sqlite.errors.js';
import { betterSqliteDatabase } from './sqlite.pool.js';
import {
  LEASE_COLUMNS,
  LEASE_KEY,
  SESSION_COLUMNS,
  columnDefinition,
  columnDefinitions,
  layoutOf,
  leaseTableOf,
  type ColumnTypes,
} from './table-layout.js';

const COLUMN_TYPES: ColumnTypes = {
  key: 'text',
  data: 'text',
  count: 'integer',
  id: 'text',
  userId: 'text',
  ms: 'bigint',
  time: 'datetime',
  text: 'text',
  name: 'text',
};

/** On SQLite, MikroORM stores a datetime as whole milliseconds since 1970. */
const NOW = "cast(round(unixepoch('subsec') * 1000) as integer)";

const quote = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;
const after = (time: string, ms: string) => `(${time} + ${ms})`;
const until = (time: string) => `${time} - ${NOW}`;

function valueRows(columns: number, count: number): string {
  const row = `(${Array(columns).fill('?').join(', ')})`;
  return Array(count).fill(row).join(', ');
}

/** SQLite. It has no schemas: `schema` names an attached database. */
export const sqlite: Dialect = {
  name: 'sqlite',
  drivers: [sqliteDriver, betterSqliteDriver],
  clients: [betterSqliteDatabase, knexOn('better-sqlite3', 'sqlite3')],
  async prepare(run) {
    // With a write-ahead log, readers and the writer do not wait for each other (https://sqlite.org/wal.html).
    // With `normal`, the log is synced at checkpoints: a committed change survives a crash of the process at once, and a power
    // cut after the next checkpoint.
    // The wait for locks in the engine is short because it blocks the whole process. The commit retries instead.
    for (const pragma of ['journal_mode = wal', 'synchronous = normal', 'busy_timeout = 50']) await run(`pragma ${pragma}`);
  },

  onConnection: (database) => (callsBack(database) ? onCallbackDatabase(database) : onDatabase(database)),
  onClient: onDatabase,
  isBlocking: true,
  quote,
  parameter: () => '?',
  exactText: (parameter) => parameter,
  now: NOW,
  fromNow: (ms) => after(NOW, ms),
  after,
  earlier: (one, other) => `min(${one}, ${other})`,
  until,
  ofDateTime: (column) => `cast(round(unixepoch(${column}, 'subsec') * 1000) as integer)`,
  ofUnixTime: (column) => `(${column} * 1000)`,
  sinceEpoch: (time) => time,
  byPrimaryKey: '',
  wantedRows: (columns, count) =>
    `(select ${columns.map(({ name }, n) => `column${n + 1} as ${name}`).join(', ')} from (values ${valueRows(columns.length, count)})) as wanted`,
  wantedParameters: (_columns, rows) => rows.flat(),
  updateWanted: (table, columns, count, isWanted, assignments) =>
    `update ${table} set ${assignments} from ${sqlite.wantedRows(columns, count)} where session_id = wanted_key and ${isWanted} returning commit_id`,
  // One connection at a time writes, so no row is locked.
  updateUnlocked: (table, assignments, condition) => `update ${table} set ${assignments} where ${condition}`,
  returning: (column) => ` returning ${column}`,
  updateReturning: (columns) => ` returning ${columns}`,
  onDuplicateKey: ' on conflict (session_id) do nothing',
  // A transaction that reads first and writes later cannot wait for another writer.
  begin: 'begin immediate',
  commit: 'commit',
  rollback: 'rollback',
  forUpdate: '',
  forUpdateSkipLocked: '',

  // Statistics change only at `analyze`. With statistics from a table of few rows, SQLite would scan the whole table for the
  // keys.
  async keyHint(run, table, schema = 'main') {
    const { rows } = await run(
      'select name from pragma_index_list(?, ?) as indexes where "unique" and not partial ' +
        "and (select group_concat(name) from pragma_index_info(indexes.name, ?)) = 'session_id'",
      [table, schema, schema],
    );
    return rows[0] ? ` indexed by ${quote(String(rows[0].name))}` : '';
  },

  async columns(run, table, schema) {
    const { rows } = await run('select name from pragma_table_info(?, ?)', [table, schema ?? 'main']);
    return rows.map((row) => String(row.name));
  },

  tableDefinition: (table, schema) => [
    `create table if not exists ${qualifiedName(quote, table, schema)} (${columnDefinitions(SESSION_COLUMNS, COLUMN_TYPES)}, primary key (session_id))`,
    // SQLite wants the schema before the index's name, not before the table's.
    ...['user_id', 'expires_at'].map(
      (column) => `create index if not exists ${qualifiedName(quote, `${table}_${column}_index`, schema)} on ${quote(table)} (${column})`,
    ),
    leaseTableDefinition(table, schema),
  ],

  async createTable(run, table, schema) {
    if ((await sqlite.columns(run, table, schema)).length > 0) return;
    await run('begin immediate');
    try {
      for (const statement of sqlite.tableDefinition(table, schema)) await run(statement);
      await run('commit');
    } catch (error) {
      await run('rollback').catch(() => undefined);
      throw error;
    }
  },

  // SQLite has no `add column if not exists`. The transaction holds the database's lock, so no other process adds a column meanwhile.
  async upgradeTable(run, table, schema) {
    const { missing } = layoutOf(await sqlite.columns(run, table, schema), []);
    for (const column of missing)
      await run(`alter table ${qualifiedName(quote, table, schema)} add column ${columnDefinition(column, COLUMN_TYPES)}`);
    await run(leaseTableDefinition(table, schema));
  },

  // A schema is an attached database.
  async hasSchema(run, schema) {
    const { rows } = await run('select 1 as there from pragma_database_list where name = ?', [schema]);
    return rows.length > 0;
  },

  // better-sqlite3's error for a missing folder has no code.
  isMissingDatabase(error) {
    const { code, message } = driverError(error);
    return code === 'SQLITE_CANTOPEN' || message.startsWith('Cannot open database because the directory does not exist');
  },
  // A file has no users.
  isRefusedLogin: () => false,
  classify: sqliteFailure,
};

function leaseTableDefinition(table: string, schema: string | undefined): string {
  const name = qualifiedName(quote, leaseTableOf(table), schema);
  return `create table if not exists ${name} (${columnDefinitions(LEASE_COLUMNS, COLUMN_TYPES)}, ${LEASE_KEY})`;
}
