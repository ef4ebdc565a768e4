import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { callbackify } from 'node:util';
import type { ConnectionWatch, PrepareConnection } from './dialect.js';
import { driverError } from './driver-error.js';
import { PoolGuards } from './pool-guards.js';
import type { RunStatement, StatementResult } from './run-statement.js';

/** The used part of a connection of mysql2 or of MariaDB's connector. The connector hides its socket. */
interface MysqlConnection {
  readonly stream?: Socket;
  /** The settings of mysql2. */
  readonly config?: RowSettings;
  query(sql: string | object, parameters: readonly unknown[], done: Done): unknown;
  destroy(): void;
  /** Gives the connection back to mysql2's pool. */
  release(): void;
}

/** Settings that change the rows of an answer. */
interface RowSettings {
  readonly rowsAsArray?: unknown;
  readonly nestTables?: unknown;
  readonly typeCast?: unknown;
}

type Done = (error: unknown, result: MysqlResult) => void;

/** The used part of mysql2's pool. */
interface MysqlPool {
  getConnection(done: (error: unknown, connection?: object) => void): void;
}

type MysqlResult = Record<string, unknown>[] | Changed;

interface Changed {
  readonly affectedRows: number;
  readonly insertId: bigint | number;
  /** Present in mysql2 only. */
  readonly serverStatus?: number;
  /** The changes of the session's state that the server reports: by default those of the database, the character sets and `autocommit`. */
  readonly stateChanges?: { readonly schema: string | null; readonly systemVariables: object };
}

/** Flags of `serverStatus`, from the server's mysql_com.h. */
const IN_TRANSACTION = 0x0001;
const AUTOCOMMIT = 0x0002;
const NO_BACKSLASH_ESCAPES = 0x0200;

/**
 * Errors of a server that is read-only, or has left its cluster: ER_UNKNOWN_COM_ERROR (Galera), ER_OPTION_PREVENTS_STATEMENT,
 * ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE and ER_RUN_HOOK_ERROR (Group Replication).
 */
const REFUSES_WRITES: ReadonlySet<number | undefined> = new Set([1047, 1290, 1792, 1836, 3100]);

/** Rows as the library reads them. */
const PLAIN_ROWS: RowSettings = { rowsAsArray: false, nestTables: false, typeCast: (_field: unknown, next: () => unknown) => next() };

/** The connections whose last answer came from inside a transaction. */
const IN_TRANSACTIONS = new WeakSet<object>();

/** The watches of each connection. Several modules may watch one, whose methods are replaced only once. */
const WATCHED = new WeakMap<object, Watched>();

interface Watched {
  readonly watches: Set<ConnectionWatch>;
  /** Puts the replaced methods back. */
  readonly restore: () => void;
}

/** The methods that run statements. */
const RUNNING = ['query', 'execute'] as const;

/** The methods after which the session's settings are those of a new connection. */
const RESETTING = ['reset', 'changeUser'] as const;

type Method = (...given: unknown[]) => unknown;

type Methods = Partial<Record<(typeof RUNNING)[number] | (typeof RESETTING)[number], Method>>;

/** Returns the socket of a connection, or undefined if the driver hides it. */
export const socketOf = (connection: object): Socket | undefined => (connection as MysqlConnection).stream;

/** Runs statements on a connection. */
export function onConnection(connection: object): RunStatement {
  const driver = connection as MysqlConnection;
  const query = hasOwnRows(driver.config) ? (sql: string) => ({ sql, ...PLAIN_ROWS }) : (sql: string) => sql;
  return (sql, parameters = []) =>
    new Promise((resolve, reject) => {
      driver.query(query(sql), parameters, (error, result) => (error ? reject(error) : resolve(toResult(result))));
    });
}

/** Whether the app has set that rows look otherwise. */
function hasOwnRows({ rowsAsArray, nestTables, typeCast = true }: RowSettings = {}): boolean {
  return Boolean(rowsAsArray) || Boolean(nestTables) || typeCast !== true;
}

/** Prepares each connection before mysql2's pool lends it. Returns a function that ends this. */
export const guardPool = (pool: object, prepare: PrepareConnection): (() => void) => GUARDS.add(pool as MysqlPool, prepare);

const GUARDS = new PoolGuards<MysqlPool>((pool, prepare) => {
  const getConnection = pool.getConnection.bind(pool);
  pool.getConnection = (done) =>
    getConnection((error, connection) => {
      const prepared = connection && prepare(connection);
      if (prepared) giveOut(connection, prepared, done);
      else done(error, connection);
    });
});

const giveOut = callbackify(async (connection: object, prepared: Promise<void>) => {
  try {
    await prepared;
    return connection;
  } catch (refusal) {
    (connection as MysqlConnection).destroy();
    throw refusal;
  }
});

/** Reads each answer of the server. Returns a function that ends this. */
export function watchConnection(connection: object, watch: ConnectionWatch): () => void {
  const { watches, restore } = WATCHED.get(connection) ?? replaceMethods(connection);
  watches.add(watch);
  return () => {
    watches.delete(watch);
    if (watches.size === 0) restore();
  };
}

function replaceMethods(connection: object): Watched {
  const watches = new Set<ConnectionWatch>();
  const replaced = [
    ...RUNNING.map((name) => replaceMethod(connection, name, (run) => noting(connection, run, watches))),
    ...RESETTING.map((name) => replaceMethod(connection, name, (reset) => spoiling(connection, reset, watches))),
  ];
  const restore = () => {
    WATCHED.delete(connection);
    for (const restoreOne of replaced) restoreOne();
  };
  const watched = { watches, restore };
  WATCHED.set(connection, watched);
  return watched;
}

/** Replaces a method of one connection. Returns a function that puts it back, unless another one has replaced it meanwhile. */
function replaceMethod(connection: Methods, name: keyof Methods, replacing: (method: Method) => Method): () => void {
  const former = connection[name];
  if (!former) return () => {};
  const isOwn = Object.hasOwn(connection, name);
  const replacement = replacing(former);
  connection[name] = replacement;
  return () => {
    if (connection[name] !== replacement) return;
    if (isOwn) connection[name] = former;
    else delete connection[name];
  };
}

function noting(connection: object, run: Method, watches: ReadonlySet<ConnectionWatch>): Method {
  return (...given) => {
    const done = given.at(-1);
    if (typeof done === 'function') {
      given[given.length - 1] = (error: unknown, ...more: unknown[]) => {
        if (error && REFUSES_WRITES.has(driverError(error).errno)) for (const watch of watches) watch.refusesWrites();
        done(error, ...more);
      };
    }
    const command = run.apply(connection, given);
    // mysql2's command reports each answer without rows, also those of several statements. Without a callback, it reports rows too.
    (command as Partial<EventEmitter> | undefined)?.on?.('result', (answer: Partial<Changed>) => {
      if (!('affectedRows' in answer)) return;
      if (isSpoiled(answer)) for (const watch of watches) watch.spoiled();
      noteTransaction(connection, answer);
    });
    return command;
  };
}

function spoiling(connection: object, reset: Method, watches: ReadonlySet<ConnectionWatch>): Method {
  return (...given) => {
    for (const watch of watches) watch.spoiled();
    return reset.apply(connection, given);
  };
}

/** Whether a connection that is watched is inside a transaction. Answers with rows do not tell. */
export const hasTransaction = (connection: object): boolean => IN_TRANSACTIONS.has(connection);

function noteTransaction(connection: object, { serverStatus }: Partial<Changed>): void {
  if (serverStatus === undefined) return;
  if (serverStatus & IN_TRANSACTION) IN_TRANSACTIONS.add(connection);
  else IN_TRANSACTIONS.delete(connection);
}

/** Closes a connection of mysql2's pool. */
export function discard(connection: object, isInUse: boolean): void {
  const discarded = connection as MysqlConnection;
  if (isInUse) discarded.release = () => discarded.destroy();
  else discarded.destroy();
}

function isSpoiled({ serverStatus = AUTOCOMMIT, stateChanges }: Partial<Changed>): boolean {
  if ((serverStatus & (AUTOCOMMIT | NO_BACKSLASH_ESCAPES)) !== AUTOCOMMIT) return true;
  return stateChanges !== undefined && (Boolean(stateChanges.schema) || Object.keys(stateChanges.systemVariables).length > 0);
}

function toResult(result: MysqlResult): StatementResult {
  return Array.isArray(result) ? { rows: result, affected: 0 } : { rows: [], affected: result.affectedRows, insertId: result.insertId };
}
