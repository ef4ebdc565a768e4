import type { Dialect } from './dialect.js';
import { driverError } from './driver-error.js';
import { mysqlDriver } from './drivers.js';
import { galeraWarnings } from './galera.warnings.js';
import { groupReplicationWarnings } from './group-replication.warnings.js';
import { discard, guardPool, hasTransaction, onConnection, socketOf, watchConnection } from './mysql.connections.js';
import { knexOn } from './knex.pool.js';
import { mysqlFailure } from './mysql.errors.js';
import { mysqlPool } from './mysql.pool.js';
import { CONNECTION_REQUIREMENTS, CONNECTION_SETTINGS, CREATION_REQUIREMENTS, tableRequirements } from './mysql.requirements.js';
import { MOST_WANTED, hidesWritten, joinWanted, repeatsStatements, updateWanted, wantedRows, writtenOf } from './mysql.update-wanted.js';
import { qualifiedName } from './qualified-name.js';
import type { RunStatement } from './run-statement.js';
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

/** The types of the columns. Keys and names compare byte by byte, because the default collation ignores case. MySQL's `text` is limited to 64 KiB. */
export const COLUMN_TYPES: ColumnTypes = {
  key: 'varchar(255) character set ascii collate ascii_bin',
  data: 'longtext',
  count: 'int',
  id: 'varchar(36)',
  userId: 'varchar(255)',
  ms: 'bigint',
  time: 'datetime(3)',
  text: 'text',
  name: 'varchar(255) character set utf8mb4 collate utf8mb4_bin',
};

/** An engine with transactions, and a character set that has every character. */
const TABLE_OPTIONS = 'engine = InnoDB default character set utf8mb4';

/**
 * The ways to add a column, the best one first. `instant` changes only the catalog. Some tables do not support it, such as
 * compressed ones. `inplace` then rebuilds the table while other statements read and write.
 */
const ONLINE = ['algorithm = instant', 'algorithm = inplace, lock = none'];

/** ER_DUP_FIELDNAME */
const DUPLICATE_COLUMN = 1060;

/** ER_ALTER_OPERATION_NOT_SUPPORTED, and the same with its reason. */
const NOT_SUPPORTED = new Set<unknown>([1845, 1846]);

const NOW = 'utc_timestamp(3)';

const quote = (identifier: string) => `\`${identifier.replaceAll('`', '``')}\``;
const after = (time: string, ms: string) => `date_add(${time}, interval ${ms} * 1000 microsecond)`;
const until = (time: string) => `timestampdiff(microsecond, ${NOW}, ${time}) / 1000`;

/** MySQL. */
export const mysql: Dialect = {
  name: 'mysql',
  drivers: [mysqlDriver],
  clients: [mysqlPool, knexOn('mysql2')],
  boundConnecting: (ms) => ({ connectTimeout: ms }),
  socketOf,
  connectionSettings: CONNECTION_SETTINGS,
  connectionRequirements: CONNECTION_REQUIREMENTS,
  creationRequirements: CREATION_REQUIREMENTS,
  tableRequirements,
  clusterWarnings: async (run) => [...(await galeraWarnings(run)), ...(await groupReplicationWarnings(run))],
  guardPool,
  watchConnection,
  hasTransaction,
  discard,
  onConnection,
  isBlocking: false,
  quote,
  parameter: () => '?',
  // The default collations treat 'Anna', 'änna' and 'anna ' as 'anna'. This comparison can use the column's index.
  exactText: (parameter) => `cast(${parameter} as binary)`,
  hasDigest: (text, digest) => `sha2(convert(${text} using utf8mb4), 256) = cast(${digest} as binary)`,
  now: NOW,
  fromNow: (ms) => after(NOW, ms),
  after,
  earlier: (one, other) => `least(${one}, ${other})`,
  until,
  ofDateTime: (column) => column,
  // from_unixtime() would use the connection's time zone.
  ofUnixTime: (column) => `date_add(timestamp'1970-01-01 00:00:00', interval ${column} second)`,
  sinceEpoch: (time) => `timestampdiff(microsecond, timestamp'1970-01-01 00:00:00', ${time}) / 1000`,
  byPrimaryKey: ' force index (primary)',
  wantedRows,
  wantedParameters: (_columns, rows) => rows.flat(),
  updateWanted,
  // A subquery may read the updated table only through a derived table.
  updateUnlocked: (table, assignments, condition) =>
    `update ${table} set ${assignments} where session_id = ` +
    `(select free_key from (select session_id as free_key from ${table} where ${condition} for update skip locked) as free)`,
  mostWanted: MOST_WANTED,
  repeatsStatements,
  writtenOf,
  hidesWritten,
  joinWanted,
  returning: () => '',
  // The answer to an update has the value of `last_insert_id(x)`: here 2 for true, and 1 for false.
  report: {
    on: (condition) => `last_insert_id(1 + (${condition}))`,
    wasTrue: ({ insertId = 0 }) => Number(insertId) === 2,
  },
  // `insert ignore` would hide other errors too. `on duplicate key update` reports one row in both cases.
  onDuplicateKey: '',
  isDuplicateKey: (error) => driverError(error).errno === 1062,
  begin: 'start transaction',
  // The app may have set `completion_type`.
  commit: 'commit and no chain no release',
  rollback: 'rollback and no chain no release',
  forUpdate: ' for update',
  forUpdateSkipLocked: ' for update skip locked',
  // The app may have a wait of its own on its connections.
  boundLockWait: (seconds) => ({
    set: `set @smart_session_wait = @@session.innodb_lock_wait_timeout, session innodb_lock_wait_timeout = ${seconds}`,
    reset: 'set session innodb_lock_wait_timeout = @smart_session_wait',
  }),

  async largestStatement(run) {
    const { rows } = await run('select @@max_allowed_packet as bytes');
    return Number(rows[0]?.bytes);
  },

  async columns(run, table, schema) {
    const { rows } = await run(
      'select column_name as name from information_schema.columns where table_schema = coalesce(?, database()) and table_name = ? order by ordinal_position',
      [schema ?? null, table],
    );
    return rows.map((row) => String(row.name));
  },

  // The table of leases comes first. If a process ends between the statements, the sessions table is missing, and the next start
  // creates both.
  tableDefinition: (table, schema) => [
    `create table if not exists ${qualifiedName(quote, leaseTableOf(table), schema)} ` +
      `(${columnDefinitions(LEASE_COLUMNS, COLUMN_TYPES)}, ${LEASE_KEY}) ${TABLE_OPTIONS}`,
    `create table if not exists ${qualifiedName(quote, table, schema)} (${columnDefinitions(SESSION_COLUMNS, COLUMN_TYPES)}, ` +
      `primary key (session_id), index ${quote(`${table}_user_id_index`)} (user_id), ` +
      `index ${quote(`${table}_expires_at_index`)} (expires_at)) ${TABLE_OPTIONS}`,
  ],

  async createTable(run, table, schema) {
    if ((await mysql.columns(run, table, schema)).length > 0) return;
    for (const statement of mysql.tableDefinition(table, schema)) await run(statement);
  },

  async upgradeTable(run, table, schema) {
    // Limits the wait for transactions that use the table, in seconds. Later statements of other processes queue behind it.
    await run('set session lock_wait_timeout = 1');
    try {
      await run(mysql.tableDefinition(table, schema)[0]!);
      await addColumns(run, table, schema);
    } finally {
      // The first error is the one to report.
      await run('set session lock_wait_timeout = default').catch(() => undefined);
    }
  },

  // MySQL calls a schema a database.
  async hasSchema(run, schema) {
    const { rows } = await run('select 1 as there from information_schema.schemata where schema_name = ?', [schema]);
    return rows.length > 0;
  },

  // The server does not tell a user without rights to a database whether it exists.
  isMissingDatabase: (error) => [1044, 1049].includes(driverError(error).errno ?? 0),
  isRefusedLogin: (error) => [1045, 1698].includes(driverError(error).errno ?? 0),
  classify: mysqlFailure,
};

async function addColumns(run: RunStatement, table: string, schema: string | undefined): Promise<void> {
  const { missing } = layoutOf(await mysql.columns(run, table, schema), []);
  if (missing.length === 0) return;
  const additions = missing.map((column) => `add column ${columnDefinition(column, COLUMN_TYPES)}`);
  try {
    await alterOnline(run, `alter table ${qualifiedName(quote, table, schema)} ${additions.join(', ')}`);
  } catch (error) {
    if (driverError(error).errno !== DUPLICATE_COLUMN) throw error;
    // Another process has added a column meanwhile. MySQL has no `add column if not exists`.
    await addColumns(run, table, schema);
  }
}

async function alterOnline(run: RunStatement, statement: string, [how, ...others]: readonly string[] = ONLINE): Promise<void> {
  try {
    await run(`${statement}, ${how}`);
  } catch (error) {
    if (others.length === 0 || !NOT_SUPPORTED.has(driverError(error).errno)) throw error;
    await alterOnline(run, statement, others);
  }
}
