import { connectionFailure } from './connection.errors.js';
import { driverError } from './driver-error.js';
import type { FailureKind } from './failure-kind.js';
import { kindByText, kindsOf, type KnownError, type KnownText } from './known-errors.js';

const LOCK = 'another connection has the lock; nothing was written';
const REFUSED = 'the statement was refused, or undone';
const NO_FILE = 'the file cannot be written to';

/**
 * Result codes (https://sqlite.org/rescode.html). An extended code, such as `SQLITE_IOERR_FSYNC`, means the same as its primary
 * code unless it has a row here. Only better-sqlite3 reports extended codes.
 */
export const SQLITE_CODES: readonly KnownError[] = [
  ['SQLITE_BUSY', 'database is locked', 'rolled-back', LOCK],
  ['SQLITE_LOCKED', 'database table is locked', 'rolled-back', LOCK],
  ['SQLITE_PROTOCOL', 'locking protocol', 'rolled-back', 'too many connections began to read at once (rescode 15)'],
  ['SQLITE_ABORT_ROLLBACK', 'abort due to rollback', 'rolled-back', 'another statement has rolled back (rescode 516)'],
  ['SQLITE_SCHEMA', 'the schema has changed', 'not-done', 'the statement was not run (rescode 17)'],
  ['SQLITE_INTERRUPT', 'interrupted', 'not-done', 'undone: https://sqlite.org/c3ref/interrupt.html'],
  ['SQLITE_IOERR', 'disk I/O error', 'unknown', 'it may come after the commit was written, for example at its sync'],
  ['SQLITE_NOMEM', 'out of memory', 'unknown', 'it may come while the commit is written'],
  ['SQLITE_INTERNAL', 'internal malfunction', 'unknown', 'a fault of SQLite itself'],
  ['SQLITE_ERROR', 'an error in the statement', 'failed', REFUSED],
  ['SQLITE_PERM', 'access permission denied', 'failed', NO_FILE],
  ['SQLITE_ABORT', 'aborted', 'failed', REFUSED],
  ['SQLITE_READONLY', 'attempt to write a readonly database', 'failed', NO_FILE],
  ['SQLITE_CORRUPT', 'database disk image is malformed', 'failed', 'SQLite finds it before it writes the commit'],
  ['SQLITE_NOTADB', 'file is not a database', 'failed', 'SQLite finds it before it writes the commit'],
  ['SQLITE_FULL', 'database or disk is full', 'failed', 'undone: https://sqlite.org/lang_transaction.html, 3'],
  ['SQLITE_CANTOPEN', 'unable to open database file', 'failed', NO_FILE],
  ['SQLITE_TOOBIG', 'string or blob too big', 'failed', REFUSED],
  ['SQLITE_CONSTRAINT', 'constraint failed', 'failed', 'the row is refused'],
  ['SQLITE_MISMATCH', 'datatype mismatch', 'failed', REFUSED],
  ['SQLITE_MISUSE', 'bad parameter or other API misuse', 'failed', REFUSED],
  ['SQLITE_AUTH', 'not authorized', 'failed', REFUSED],
  ['SQLITE_RANGE', 'column index out of range', 'failed', REFUSED],
];

/** better-sqlite3's own errors, which have no code. It throws them before it runs a statement. */
export const BETTER_SQLITE_ERRORS: readonly KnownText[] = [
  ['The database connection is not open', 'failed', 'the database is closed'],
  ['This database connection is busy executing a query', 'not-done', 'the statement was not run'],
  ['This statement is busy executing a query', 'not-done', 'the statement was not run'],
  ['SQLite3 can only bind numbers, strings, bigints, buffers, and null', 'failed', 'a value cannot be bound'],
  ['Too few parameter values were provided', 'failed', 'a value cannot be bound'],
  ['Too many parameter values were provided', 'failed', 'a value cannot be bound'],
  ['Missing named parameters', 'failed', 'a value cannot be bound'],
];

const KINDS = kindsOf(SQLITE_CODES);

/** Returns what an error of better-sqlite3 or sqlite3 means. */
export function sqliteFailure(error: unknown): FailureKind {
  const failure = driverError(error);
  const { code, message } = failure;
  if (code === undefined) return kindByText(BETTER_SQLITE_ERRORS, message) ?? connectionFailure(failure);
  return KINDS.get(code) ?? KINDS.get(code.split('_', 2).join('_')) ?? 'unknown';
}
