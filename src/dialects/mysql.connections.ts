import type { Socket } from 'node:net';
import { callbackify } from 'node:util';
import type { ConnectionWatch, PrepareConnection } from './dialect.js';
import { driverError } from './driver-error.js';
import type { RunStatement, StatementResult } from './run-statement.js';

/** The used part of a connection of mysql2 or of MariaDB's connector. The connector hides its socket. */
interface MysqlConnection {
  readonly stream?: Socket;
  query(sql: string, parameters: readonly unknown[], done: Done): void;
  destroy(): void;
  /** Gives the connection back to mysql2's pool. */
  release(): void;
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
const AUTOCOMMIT = 0x0002;
const NO_BACKSLASH_ESCAPES = 0x0200;

/**
 * Errors of a server that is read-only, or has left its cluster: ER_UNKNOWN_COM_ERROR (Galera), ER_OPTION_PREVENTS_STATEMENT,
 * ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE and ER_RUN_HOOK_ERROR (Group Replication).
 */
const REFUSES_WRITES: ReadonlySet<number | undefined> = new Set([1047, 1290, 1792, 1836, 3100]);

/** Returns the socket of a connection, or undefined if the driver hides it. */
export const socketOf = (connection: object): Socket | undefined => (connection as MysqlConnection).stream;

/** Runs statements on a connection. */
export function onConnection(connection: object): RunStatement {
  return (sql, parameters = []) =>
    new Promise((resolve, reject) => {
      (connection as MysqlConnection).query(sql, parameters, (error, result) => (error ? reject(error) : resolve(toResult(result))));
    });
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
      done(error, result, ...more);
    });
  };
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
