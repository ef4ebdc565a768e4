import type { Socket } from 'node:net';
import { callbackify } from 'node:util';
import type { ConnectionWatch, PrepareConnection } from './dialect.js';
import { driverError } from './driver-error.js';
import type { RunStatement, StatementResult } from './run-statement.js';

/** The used part of a connection of mysql2 or of MariaDB's connector. The connector hides its socket. */
interface MysqlConnection {
  readonly stream?: Socket;
  /** The settings of mysql2. */
  readonly config?: RowSettings;
  query(sql: string | object, parameters: readonly unknown[], done: Done): void;
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

/** Prepares each connection before mysql2's pool lends it. */
export function guardPool(pool: object, prepare: PrepareConnection): void {
  const guarded = pool as MysqlPool;
  const getConnection = guarded.getConnection.bind(guarded);
  guarded.getConnection = (done) =>
    getConnection((error, connection) => {
      const prepared = connection && prepare(connection);
      if (prepared) giveOut(connection, prepared, done);
      else done(error, connection);
    });
}

const giveOut = callbackify(async (connection: object, prepared: Promise<void>) => {
  try {
    await prepared;
    return connection;
  } catch (refusal) {
    (connection as MysqlConnection).destroy();
    throw refusal;
  }
});

/** Reads each answer of the server. */
export function watchConnection(connection: object, watch: ConnectionWatch): void {
  const watched = connection as MysqlConnection;
  const query = watched.query.bind(watched) as (...parameters: unknown[]) => void;
  watched.query = (...parameters: unknown[]) => {
    const done = parameters.at(-1);
    if (typeof done !== 'function') return query(...parameters);
    return query(...parameters.slice(0, -1), (error: unknown, result: MysqlResult, ...more: unknown[]) => {
      if (error && REFUSES_WRITES.has(driverError(error).errno)) watch.refusesWrites();
      if (isSpoiled(result)) watch.spoiled();
      noteTransaction(connection, result);
      done(error, result, ...more);
    });
  };
}

/** Whether a connection that is watched is inside a transaction. Answers with rows, and those to `execute`, do not tell. */
export const hasTransaction = (connection: object): boolean => IN_TRANSACTIONS.has(connection);

function noteTransaction(connection: object, result: MysqlResult | undefined): void {
  const { serverStatus } = (result ?? {}) as Partial<Changed>;
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

function isSpoiled(result: MysqlResult | undefined): boolean {
  const { serverStatus = AUTOCOMMIT } = (result ?? {}) as Partial<Changed>;
  return (serverStatus & (AUTOCOMMIT | NO_BACKSLASH_ESCAPES)) !== AUTOCOMMIT;
}

function toResult(result: MysqlResult): StatementResult {
  return Array.isArray(result) ? { rows: result, affected: 0 } : { rows: [], affected: result.affectedRows, insertId: result.insertId };
}
