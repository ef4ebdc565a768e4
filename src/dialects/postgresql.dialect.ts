import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunStatement } from './run-statement.js';
import type { Dialect } from './dialect.js';
import { postgresqlDriver } from './drivers.js';
import { driverError } from './driver-error.js';
import { knexOn } from './knex.pool.js';
import { PoolGuards } from './pool-guards.js';
import { postgresqlFailure } from './postgresql.errors.js';
import { pgPool } from './postgresql.pool.js';
import { postgresqlNotifications } from './postgresql.notifications.js';
import { CONNECTION_REQUIREMENTS } from './postgresql.requirements.js';
import { PLAIN_TYPES } from './postgresql.types.js';
import { wantedParameters, wantedRows } from './postgresql.wanted-rows.js';
import { qualifiedName } from './qualified-name.js';
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

/** The used part of pg's client. */
interface PgClient extends EventEmitter {
  readonly connection: EventEmitter & { readonly stream: Socket };
  /** Set by the pool while the client is lent. */
  release?: (error?: Error) => void;
  /** Absent in older versions of pg. */
  getTransactionStatus?(): string | null;
  end(): Promise<void>;
  query(query: object): Promise<{ readonly rows: Record<string, unknown>[]; readonly rowCount: number | null }>;
}

/** The used part of pg's pool. The pool calls `verify` for each new client. */
interface PgPool extends EventEmitter {
  readonly options: { verify?: Verify };
}

type Verify = (client: object, done: (refusal?: unknown) => void) => void;

/**
 * Leaves room on each page for new row versions. An update that finds room writes no index entry (a heap-only update).
 * The next read of the page removes the old versions without a vacuum. Share of heap-only updates among 10,000 updates
 * of rows of 1 KB:
 *
 * | fillfactor | 100 (default) | 80 | 70 | 60 | 50 |
 * | --- | --- | --- | --- | --- | --- |
 * | single rows | 0.68 | 0.91 | 0.99 | 0.99 | 1.00 |
 * | neighbouring rows together | 0.17 | 0.90 | 0.96 | 0.96 | 1.00 |
 */
const FILLFACTOR = 70;

/** now() is constant inside a transaction, and clock_timestamp() cannot use an index. */
const NOW = 'statement_timestamp()';

/** The pause between two looks at a table that another process creates, in ms. */
const TURN_PAUSE = 50;

/** The status of a connection inside a transaction: an open one, or a failed one. */
const OPEN: ReadonlySet<unknown> = new Set(['T', 'E']);

/** The last status of each client that is watched. */
const STATUSES = new WeakMap<object, string>();

/** read_only_sql_transaction */
const READ_ONLY = '25006';

/** The types of the columns. */
export const COLUMN_TYPES: ColumnTypes = {
  key: 'varchar(255)',
  data: 'text',
  count: 'int',
  id: 'varchar(36)',
  userId: 'varchar(255)',
  ms: 'bigint',
  time: 'timestamptz(3)',
  text: 'text',
  name: 'varchar(255)',
};

const quote = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;
const after = (time: string, ms: string) => `${time} + cast(${ms} as float8) * interval '1 millisecond'`;
/** Returns whole numbers, because `extra_float_digits` may cut digits off others. */
const until = (time: string) => `cast(extract(epoch from ${time} - ${NOW}) * 1000 as bigint)`;

/** PostgreSQL. */
export const postgresql: Dialect = {
  name: 'postgresql',
  drivers: [postgresqlDriver],
  clients: [pgPool, knexOn('pg')],
  // The pool also counts the wait for a free connection.
  boundConnecting: (ms) => ({ connectionTimeoutMillis: ms }),
  socketOf: (client) => (client as PgClient).connection.stream,
  connectionRequirements: CONNECTION_REQUIREMENTS,
  guardPool: (pool, prepare) => GUARDS.add(pool as PgPool, prepare),
  watchConnection(client, { refusesWrites }) {
    const { connection } = client as PgClient;
    const onError = ({ code }: { readonly code?: string }) => {
      if (code === READ_ONLY) refusesWrites();
    };
    const onReady = ({ status }: { readonly status: string }) => void STATUSES.set(client, status);
    connection.on('errorMessage', onError).on('readyForQuery', onReady);
    return () => void connection.off('errorMessage', onError).off('readyForQuery', onReady);
  },
  hasTransaction: (client) => OPEN.has((client as PgClient).getTransactionStatus?.() ?? STATUSES.get(client)),
  discard(connection, isInUse) {
    const client = connection as PgClient;
    const { release } = client;
    const reason = new Error('The server refuses writes.');
    if (isInUse) client.release = () => release?.(reason);
    // The pool removes an idle client at its error. It would lend one whose socket is closing.
    else client.emit('error', reason);
  },
  onConnection:
    (client) =>
    async (sql, parameters = []) => {
      const { rows, rowCount } = await (client as PgClient).query({ text: sql, values: [...parameters], types: PLAIN_TYPES });
      return { rows, affected: rowCount ?? 0 };
    },
  notifications: postgresqlNotifications,
  isBlocking: false,
  quote,
  parameter: (n) => `$${n}`,
  exactText: (parameter) => parameter,
  // With `=`, a hash join would compute the hash of every row of the table.
  hasDigest: (text, digest) => `encode(sha256(convert_to(${text}, 'UTF8')), 'hex') is not distinct from ${digest}`,
  now: NOW,
  fromNow: (ms) => after(NOW, ms),
  after,
  earlier: (one, other) => `least(${one}, ${other})`,
  until,
  ofDateTime: (column) => `cast(${column} as timestamptz)`,
  ofUnixTime: (column) => `to_timestamp(${column})`,
  sinceEpoch: (time) => `cast(extract(epoch from ${time}) * 1000 as bigint)`,
  byPrimaryKey: '',
  wantedRows,
  wantedParameters,
  // `skip locked` never waits, so it cannot block other commits or deadlock.
  updateWanted: (table, columns, _count, isWanted, assignments) =>
    `update ${table} set ${assignments} from (select wanted.* from ${wantedRows(columns)} join ${table} as found on found.session_id = wanted_key ` +
    `where ${isWanted} for update of found skip locked) as wanted ` +
    `where session_id = wanted_key and ${isWanted} returning commit_id`,
  updateUnlocked: (table, assignments, condition) =>
    `update ${table} set ${assignments} where session_id = (select session_id from ${table} where ${condition} for update skip locked)`,
  returning: (column) => ` returning ${column}`,
  updateReturning: (columns) => ` returning ${columns}`,
  onDuplicateKey: ' on conflict (session_id) do nothing',
  begin: 'begin',
  beginBound: (seconds) => `begin; set local lock_timeout = '${seconds}s'`,
  commit: 'commit',
  rollback: 'rollback',
  // It writes into the log, so that its commit waits for the standby. A deletion that finds nothing would not.
  settle: "select pg_logical_emit_message(true, 'smart-session', '')",
  forUpdate: ' for update',
  forUpdateSkipLocked: ' for update skip locked',
  boundLockWait: (seconds, isApps) =>
    isApps
      ? {
          set: `select set_config('smart_session.lock_timeout', current_setting('lock_timeout'), true), set_config('lock_timeout', '${seconds}s', true)`,
          reset: `select set_config('lock_timeout', current_setting('smart_session.lock_timeout'), true)`,
        }
      : { set: `set local lock_timeout = '${seconds}s'` },

  async columns(run, table, schema) {
    const { rows } = await run(
      'select attname as name from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped',
      [qualifiedName(quote, table, schema)],
    );
    return rows.map((row) => String(row.name));
  },

  tableDefinition(table, schema) {
    const name = qualifiedName(quote, table, schema);
    return [
      `create table ${name} (${columnDefinitions(SESSION_COLUMNS, COLUMN_TYPES)}, primary key (session_id)) ` +
        `with (fillfactor = ${FILLFACTOR})`,
      ...['user_id', 'expires_at'].map((column) => `create index ${quote(`${table}_${column}_index`)} on ${name} (${column})`),
      leaseTableDefinition(table, schema),
    ];
  },

  async createTable(run, table, schema) {
    // A connection that waited for the lock would be silent, and may be closed as a dead one.
    while (!(await existsOrIsCreated(run, table, schema))) await sleep(TURN_PAUSE);
  },

  async upgradeTable(run, table, schema) {
    const name = qualifiedName(quote, table, schema);
    await takeTurn(run, name);
    const columnsOf = (of: string) => postgresql.columns(run, of, schema);
    const { missing, hasLeases } = layoutOf(await columnsOf(table), await columnsOf(leaseTableOf(table)));
    if (!hasLeases) await run(leaseTableDefinition(table, schema));
    // This is the last statement before the commit, because it locks the table. A column without a default rewrites no row.
    const additions = missing.map((column) => `add column if not exists ${columnDefinition(column, COLUMN_TYPES)}`);
    if (additions.length > 0) await run(`alter table ${name} ${additions.join(', ')}`);
  },

  async hasSchema(run, schema) {
    const { rows } = await run('select 1 as there from pg_namespace where nspname = $1', [schema]);
    return rows.length > 0;
  },

  isMissingDatabase: (error) => driverError(error).code === '3D000',
  // The class of invalid authorization: no such role, a wrong password, or no user at all. Without a password, pg does not even ask.
  isRefusedLogin(error) {
    const { code, message } = driverError(error);
    return code === undefined ? message.startsWith('SASL: ') : code.startsWith('28');
  },
  classify: postgresqlFailure,
};

const GUARDS = new PoolGuards<PgPool>((pool, prepare) => {
  const { options } = pool;
  const { verify = (_client, done) => done() } = options;
  options.verify = (client, done) => void Promise.resolve(prepare(client)).then(() => verify(client, done), done);
  // With pg's `query_timeout`, a rollback may not have been sent. The pool keeps no client that is ending.
  pool.on('release', (_error, client: PgClient) => {
    if (postgresql.hasTransaction!(client)) void client.end();
  });
  giveLostBack(pool);
});

/**
 * Gives a connection that ends while it is lent back to its pool. Kysely gives none back whose rollback has failed, and the pool would
 * count it for ever. Each query borrows a connection, so each connection has one listener for good.
 */
function giveLostBack(pool: PgPool): void {
  const [lent, watched] = [new WeakSet<PgClient>(), new WeakSet<PgClient>()];
  pool.on('acquire', (client: PgClient) => {
    lent.add(client);
    if (watched.has(client)) return;
    watched.add(client);
    client.once('end', () => lent.has(client) && giveBack(client));
  });
  pool.on('release', (_error, client: PgClient) => void lent.delete(client));
}

/** Gives a connection back to its pool. Its borrower may do the same later. */
function giveBack(client: PgClient): void {
  const { release } = client;
  client.release = () => {};
  release?.(new Error('The connection has ended.'));
}

/** Waits for its turn. `if not exists` alone collides in the catalogs when two processes make a table at once. */
async function takeTurn(run: RunStatement, name: string): Promise<void> {
  await run('select pg_advisory_xact_lock(hashtext($1))', [turnOf(name)]);
}

/** The name of the lock under which a process creates or upgrades a table. */
const turnOf = (name: string) => `smart-session ${name}`;

function leaseTableDefinition(table: string, schema: string | undefined): string {
  const name = qualifiedName(quote, leaseTableOf(table), schema);
  return `create table if not exists ${name} (${columnDefinitions(LEASE_COLUMNS, COLUMN_TYPES)}, ${LEASE_KEY})`;
}

/** Returns false while another process creates the table. */
async function existsOrIsCreated(run: RunStatement, table: string, schema: string | undefined): Promise<boolean> {
  if ((await postgresql.columns(run, table, schema)).length > 0) return true;
  const name = qualifiedName(quote, table, schema);
  await run('begin');
  try {
    const { rows } = await run('select pg_try_advisory_xact_lock(hashtext($1)) as is_own', [turnOf(name)]);
    const isOwn = rows[0]?.is_own === true;
    if (isOwn) await createIfMissing(run, name, postgresql.tableDefinition(table, schema));
    await run('commit');
    return isOwn;
  } catch (error) {
    await run('rollback');
    throw error;
  }
}

async function createIfMissing(run: RunStatement, name: string, definition: readonly string[]): Promise<void> {
  // Reading a table makes the server notice changes of the catalogs. Its cache would still say that a new table is missing.
  const { rows } = await run('select to_regclass($1) is not null as there from pg_class limit 1', [name]);
  if (rows[0]?.there) return;
  for (const statement of definition) await run(statement);
}
