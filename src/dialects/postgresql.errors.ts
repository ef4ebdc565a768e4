import { connectionFailure } from './connection.errors.js';
import { driverError } from './driver-error.js';
import type { FailureKind } from './failure-kind.js';
import { kindByText, kindsOf, type KnownError, type KnownText } from './known-errors.js';

const PANIC = 'a PANIC while the server writes the commit has the same code';
const NOT_SENT = 'pg/lib/client.js refuses the statement before it sends it';
const LOGIN = 'refused at the login';

/** SQLSTATEs from appendix A of the manual. Their meaning differs from their class. */
export const SQLSTATES: readonly KnownError[] = [
  ['40001', 'serialization_failure', 'rolled-back', 'the manual, 13.2.3: try the transaction again'],
  ['40P01', 'deadlock_detected', 'rolled-back', 'its transaction was the victim'],
  ['40000', 'transaction_rollback', 'rolled-back', 'the name says so'],
  ['40002', 'transaction_integrity_constraint_violation', 'failed', 'a deferred constraint failed at the commit: rolled back'],
  ['40003', 'statement_completion_unknown', 'unknown', 'the name says so'],
  ['55P03', 'lock_not_available', 'rolled-back', '`lock_timeout`: the statement was cancelled while it waited'],
  ['57014', 'query_canceled', 'not-done', 'an ERROR, so rolled back. Of 125 inserts cancelled at random, 0 were done'],
  ['57P01', 'admin_shutdown', 'unknown', 'it may come after the commit was written. Of 60 inserts, 0 were done'],
  ['57P02', 'crash_shutdown', 'unknown', 'it may come after the commit was written'],
  ['57P03', 'cannot_connect_now', 'not-done', `${LOGIN}: the server starts, stops or recovers`],
  ['57P04', 'database_dropped', 'unknown', 'it may come after the commit was written'],
  ['57P05', 'idle_session_timeout', 'not-done', 'tcop/postgres.c: the server raises it only while it waits for a statement'],
  ['25P03', 'idle_in_transaction_session_timeout', 'not-done', 'as 57P05: the server did not read the commit'],
  ['25P04', 'transaction_timeout', 'unknown', 'the timer may fire while the commit is written'],
  ['25006', 'read_only_sql_transaction', 'not-done', 'a standby. After a failover, a new connection leads to the new primary'],
  ['53300', 'too_many_connections', 'failed', `${LOGIN}: another attempt adds to the load`],
  ['53100', 'disk_full', 'unknown', PANIC],
  ['53200', 'out_of_memory', 'unknown', PANIC],
  ['P0001', 'raise_exception', 'failed', 'a trigger of the app refuses the row'],
];

/** SQLSTATE classes that the server raises as an ERROR before it writes a commit, so that it rolls back. Other classes are unknown. */
export const SQLSTATE_CLASSES: readonly KnownError[] = [
  ['0A', 'feature_not_supported', 'failed', 'the statement is not possible'],
  ['21', 'cardinality_violation', 'failed', 'the statement is not possible'],
  ['22', 'data_exception', 'failed', 'a value is not possible'],
  ['23', 'integrity_constraint_violation', 'failed', 'the row is refused'],
  ['25', 'invalid_transaction_state', 'failed', 'the statement is not possible now'],
  ['26', 'invalid_sql_statement_name', 'failed', 'a pooler has moved the client to another server'],
  ['28', 'invalid_authorization_specification', 'failed', LOGIN],
  ['3B', 'savepoint_exception', 'failed', 'the statement is not possible now'],
  ['3D', 'invalid_catalog_name', 'failed', LOGIN],
  ['3F', 'invalid_schema_name', 'failed', 'the statement is not possible'],
  ['42', 'syntax_error_or_access_rule_violation', 'failed', 'no such table or column, or no right to it'],
  ['44', 'with_check_option_violation', 'failed', 'the row is refused'],
  ['53', 'insufficient_resources', 'failed', 'the server refuses it before it begins'],
  ['54', 'program_limit_exceeded', 'failed', 'the statement or the row is too large'],
  ['55', 'object_not_in_prerequisite_state', 'failed', 'the statement is not possible now'],
  ['P0', 'plpgsql_error', 'failed', 'a trigger of the app failed'],
];

/**
 * Reasons for which PgBouncer disconnects a client before it passes a statement on. It reports each reason as the text of 08P01
 * (src/objects.c, disconnect_client). Other reasons, such as `server conn crashed?` and `query_timeout`, are unknown.
 */
export const POOLER_ERRORS: readonly KnownText[] = [
  ['client_idle_timeout', 'not-done', 'src/janitor.c: the client has no server at the time'],
  ['query_wait_timeout', 'failed', 'src/janitor.c: the client has waited for a server'],
  ['server login has been failing, try again later (server_login_retry)', 'failed', 'there is no server; PgBouncer retries after 15 s'],
  ['server login has been failing, cached error: …', 'failed', 'the same, in later versions'],
  ['client_login_timeout (server down)', 'failed', LOGIN],
  ['client_login_timeout', 'failed', LOGIN],
  ['no such database: …', 'failed', LOGIN],
  ['no such user', 'failed', LOGIN],
  ['database "…', 'failed', `${LOGIN}: the database is disabled`],
  ['unsupported startup parameter: …', 'failed', LOGIN],
  ['unsupported startup parameter in options: …', 'failed', LOGIN],
  ['unsupported options startup parameter: …', 'failed', LOGIN],
  ['no more connections allowed (max_client_conn)', 'failed', LOGIN],
  ['client connections exceeded (max_db_client_connections)', 'failed', LOGIN],
  ['client connections exceeded (max_user_client_connections)', 'failed', LOGIN],
  ['password authentication failed', 'failed', LOGIN],
  ['SASL authentication failed', 'failed', LOGIN],
  ['certificate authentication failed', 'failed', LOGIN],
  ['login rejected', 'failed', LOGIN],
  ['SSL required', 'failed', LOGIN],
  ['bouncer config error', 'failed', LOGIN],
  ['prepared statement did not exist', 'failed', 'src/prepare.c: refused before it is passed on'],
];

/** Errors of pg and pg-pool, which have no code. */
export const PG_ERRORS: readonly KnownText[] = [
  ['Connection terminated unexpectedly', 'unknown', 'the connection was lost during a statement'],
  ['Connection terminated', 'unknown', 'the app closed the connection during a statement'],
  ['Query read timeout', 'unknown', "pg's `query_timeout`: the server goes on. Of 26 inserts, 16 were done in the end"],
  ['Client has encountered a connection error and is not queryable', 'not-done', NOT_SENT],
  ['Client was closed and is not queryable', 'not-done', NOT_SENT],
  ['Connection terminated due to connection timeout', 'failed', 'pg-pool/index.js: no connection was opened in time'],
  ['timeout expired', 'failed', 'pg/lib/client.js: no connection was opened in time'],
  ['timeout exceeded when trying to connect', 'failed', 'pg-pool/index.js: no connection became free in time'],
  ['Cannot use a pool after calling end on the pool', 'failed', 'the pool is closed'],
  ['The server does not support SSL connections', 'failed', LOGIN],
  ['There was an error establishing an SSL connection', 'failed', LOGIN],
  ['SASL: …', 'failed', LOGIN],
];

const KINDS = kindsOf(SQLSTATES);
const CLASSES = kindsOf(SQLSTATE_CLASSES);

/** Returns what an error means that comes from pg, the server or a pooler. */
export function postgresqlFailure(error: unknown): FailureKind {
  const failure = driverError(error);
  const { code, message } = failure;
  if (code === '08P01') return kindByText(POOLER_ERRORS, message) ?? 'unknown';
  if (code === undefined) return kindByText(PG_ERRORS, message) ?? connectionFailure(failure);
  return KINDS.get(code) ?? (code.length === 5 ? CLASSES.get(code.slice(0, 2)) : undefined) ?? connectionFailure(failure);
}
