import { connectionFailure } from './connection.errors.js';
import { driverError, type DriverError } from './driver-error.js';
import type { FailureKind } from './failure-kind.js';
import { kindByText, kindsOf, type KnownError, type KnownText } from './known-errors.js';

const LOGIN = 'refused at the login';
const FULL = `${LOGIN}: another attempt adds to the load`;
const KILLED = 'it may come after the commit was written';
const NETWORK = 'the connection broke; the statement may have been done';
const REFUSED = 'the row or the statement is refused';
const READ_ONLY = 'the server or the transaction only reads';
const MOVED = 'the server is read-only. After a failover, a new connection leads to the new primary';
const NO_SPACE = 'InnoDB undoes the statement (the manual, 17.20.5)';

/** Numbers from the MySQL and MariaDB message references. Their meaning differs from the class of their SQLSTATE. */
export const SERVER_ERRORS: readonly KnownError[] = [
  [1205, 'ER_LOCK_WAIT_TIMEOUT', 'rolled-back', 'InnoDB undoes the statement; the library rolls the transaction back'],
  [1213, 'ER_LOCK_DEADLOCK', 'rolled-back', 'InnoDB rolls the transaction back; on Galera: another node was first'],
  [1020, 'ER_CHECKREAD', 'rolled-back', 'MariaDB: the row has changed since the snapshot'],
  [1412, 'ER_TABLE_DEF_CHANGED', 'rolled-back', 'the table has changed since the snapshot'],
  [1689, 'ER_LOCK_ABORTED', 'rolled-back', 'the wait for a lock was ended'],
  [3101, 'ER_TRANSACTION_ROLLBACK_DURING_COMMIT', 'rolled-back', 'Group Replication: another member was first'],
  [3572, 'ER_LOCK_NOWAIT', 'rolled-back', 'another transaction has the lock'],
  [1047, 'ER_UNKNOWN_COM_ERROR', 'not-done', 'Galera: the node is not ready and runs no statement'],
  [1290, 'ER_OPTION_PREVENTS_STATEMENT', 'not-done', MOVED],
  [1836, 'ER_READ_ONLY_MODE', 'not-done', MOVED],
  [1317, 'ER_QUERY_INTERRUPTED', 'not-done', 'KILL QUERY. Of 254 writes killed at random on MySQL 9.7 and MariaDB 10.11, 0 were done'],
  [1969, 'ER_STATEMENT_TIMEOUT', 'not-done', 'MariaDB `max_statement_time`: as KILL QUERY'],
  [3024, 'ER_QUERY_TIMEOUT', 'not-done', '`max_execution_time`, which bounds only reads'],
  [4031, 'ER_CLIENT_INTERACTION_TIMEOUT', 'not-done', 'MySQL ends an idle connection. Of 146 updates that met it on 9.7, 0 were done'],
  [1053, 'ER_SERVER_SHUTDOWN', 'unknown', KILLED],
  [1180, 'ER_ERROR_DURING_COMMIT', 'unknown', 'the text gives the reason. With error 149, a deadlock: rolled back'],
  [1927, 'ER_CONNECTION_KILLED', 'unknown', KILLED],
  [3100, 'ER_RUN_HOOK_ERROR', 'unknown', 'Group Replication: the other members may have the transaction'],
  [1152, 'ER_ABORTING_CONNECTION', 'unknown', NETWORK],
  [1158, 'ER_NET_READ_ERROR', 'unknown', NETWORK],
  [1159, 'ER_NET_READ_INTERRUPTED', 'unknown', NETWORK],
  [1160, 'ER_NET_ERROR_ON_WRITE', 'unknown', NETWORK],
  [1161, 'ER_NET_WRITE_INTERRUPTED', 'unknown', NETWORK],
  [1184, 'ER_NEW_ABORTING_CONNECTION', 'unknown', NETWORK],
  [2006, 'CR_SERVER_GONE_ERROR', 'unknown', 'a proxy such as ProxySQL has lost the server'],
  [2013, 'CR_SERVER_LOST', 'unknown', 'a proxy has lost the server during the statement'],
  [2002, 'CR_CONNECTION_ERROR', 'failed', 'a proxy has reached no server'],
  [2003, 'CR_CONN_HOST_ERROR', 'failed', 'a proxy has reached no server'],
  [2005, 'CR_UNKNOWN_HOST', 'failed', 'a proxy has reached no server'],
  [1040, 'ER_CON_COUNT_ERROR', 'failed', FULL],
  [1203, 'ER_TOO_MANY_USER_CONNECTIONS', 'failed', FULL],
  [1226, 'ER_USER_LIMIT_REACHED', 'failed', FULL],
  [1042, 'ER_BAD_HOST_ERROR', 'failed', LOGIN],
  [1043, 'ER_HANDSHAKE_ERROR', 'failed', LOGIN],
  [1129, 'ER_HOST_IS_BLOCKED', 'failed', LOGIN],
  [1130, 'ER_HOST_NOT_PRIVILEGED', 'failed', LOGIN],
  [1251, 'ER_NOT_SUPPORTED_AUTH_MODE', 'failed', LOGIN],
  [1820, 'ER_MUST_CHANGE_PASSWORD', 'failed', LOGIN],
  [1862, 'ER_MUST_CHANGE_PASSWORD_LOGIN', 'failed', LOGIN],
  [3032, 'ER_SERVER_OFFLINE_MODE', 'failed', LOGIN],
  [3118, 'ER_ACCOUNT_HAS_BEEN_LOCKED', 'failed', LOGIN],
  [3159, 'ER_SECURE_TRANSPORT_REQUIRED', 'failed', LOGIN],
  [1223, 'ER_CANT_UPDATE_WITH_READLOCK', 'failed', READ_ONLY],
  [1792, 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION', 'failed', READ_ONLY],
  [1153, 'ER_NET_PACKET_TOO_LARGE', 'failed', 'the statement was not read: `max_allowed_packet`'],
  [1114, 'ER_RECORD_FILE_FULL', 'failed', NO_SPACE],
  [1206, 'ER_LOCK_TABLE_FULL', 'failed', NO_SPACE],
  [1364, 'ER_NO_DEFAULT_FOR_FIELD', 'failed', REFUSED],
  [1366, 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD', 'failed', REFUSED],
  [1526, 'ER_NO_PARTITION_FOR_GIVEN_VALUE', 'failed', REFUSED],
  [3098, 'ER_BEFORE_DML_VALIDATION_ERROR', 'failed', 'Group Replication: the table does not meet its rules'],
  [3819, 'ER_CHECK_CONSTRAINT_VIOLATED', 'failed', REFUSED],
];

/** SQLSTATE classes that the server raises before it writes a commit, so that InnoDB undoes the statement. Other classes are unknown. */
export const SERVER_CLASSES: readonly KnownError[] = [
  ['0A', 'feature not supported', 'failed', REFUSED],
  ['21', 'cardinality violation', 'failed', REFUSED],
  ['22', 'data exception', 'failed', REFUSED],
  ['23', 'integrity constraint violation', 'failed', REFUSED],
  ['25', 'invalid transaction state', 'failed', REFUSED],
  ['28', 'invalid authorization', 'failed', LOGIN],
  ['3D', 'no database selected', 'failed', REFUSED],
  ['40', 'transaction rollback', 'rolled-back', 'the name says so'],
  ['42', 'syntax error or access rule violation', 'failed', 'no such table or column, or no right to it'],
  ['44', 'with check option violation', 'failed', REFUSED],
  ['45', 'unhandled user-defined exception', 'failed', 'a trigger of the app refuses the row'],
];

/** Codes of mysql2 itself. */
export const MYSQL2_ERRORS: readonly KnownError[] = [
  ['PROTOCOL_CONNECTION_LOST', 'open connection', 'unknown', 'the server closed it. Of 260 inserts, 202 were done'],
  ['PROTOCOL_SEQUENCE_TIMEOUT', 'open connection', 'unknown', 'the server goes on'],
  ['PROTOCOL_UNEXPECTED_PACKET', 'open connection', 'unknown', 'the answer cannot be read'],
  ['HANDSHAKE_NO_SSL_SUPPORT', 'login', 'failed', LOGIN],
  ['HANDSHAKE_SSL_ERROR', 'login', 'failed', LOGIN],
  ['HANDSHAKE_UNKNOWN_ERROR', 'login', 'failed', LOGIN],
  ['AUTH_SWITCH_PLUGIN_ERROR', 'login', 'failed', LOGIN],
];

/** Errors of mysql2 without a code. */
export const MYSQL2_TEXTS: readonly KnownText[] = [
  ["Can't add new command when connection is in closed state", 'not-done', 'mysql2 does not send it. Of 19 inserts, 0 were done'],
  ['Pool is closed.', 'failed', 'the pool is closed'],
  ['No connections available.', 'failed', 'no connection is free'],
  ['Queue limit reached.', 'failed', 'too many statements wait for a connection'],
];

/** Numbers of MariaDB's connector, which MikroORM 6 uses. Their SQLSTATEs carry no meaning. */
export const MARIADB_CONNECTOR_ERRORS: readonly KnownError[] = [
  [45001, 'ER_CONNECTION_ALREADY_CLOSED', 'not-done', 'not sent'],
  [45013, 'ER_CMD_CONNECTION_CLOSED', 'not-done', 'not sent'],
  [45004, 'ER_CMD_NOT_EXECUTED_DESTROYED', 'unknown', 'lib/connection.js, destroy(): the statement was sent before'],
  [45009, 'ER_SOCKET_UNEXPECTED_CLOSE', 'unknown', 'the server closed the connection'],
  [45026, 'ER_SOCKET_TIMEOUT', 'unknown', 'the server goes on'],
  [45011, 'ER_UNEXPECTED_PACKET', 'unknown', 'the answer cannot be read'],
  [45012, 'ER_CONNECTION_TIMEOUT', 'failed', 'no connection was opened in time'],
  [45028, 'ER_GET_CONNECTION_TIMEOUT', 'failed', 'no connection became free in time'],
  [45027, 'ER_POOL_ALREADY_CLOSED', 'failed', 'the pool is closed'],
  [45035, 'ER_ADD_CONNECTION_CLOSED_POOL', 'failed', 'the pool is closed'],
  [45037, 'ER_CLOSING_POOL', 'failed', 'the pool is closed'],
  [45046, 'ER_MAX_ALLOWED_PACKET', 'failed', 'not sent: too large'],
  [45017, 'ER_PARAMETER_UNDEFINED', 'failed', 'not sent'],
  [45016, 'ER_MISSING_PARAMETER', 'failed', 'not sent'],
  [45023, 'ER_SERVER_SSL_DISABLED', 'failed', LOGIN],
  [45024, 'ER_AUTHENTICATION_BAD_PACKET', 'failed', LOGIN],
  [45025, 'ER_AUTHENTICATION_PLUGIN_NOT_SUPPORTED', 'failed', LOGIN],
  [45044, 'ER_CANNOT_RETRIEVE_RSA_KEY', 'failed', LOGIN],
];

const SERVER = kindsOf(SERVER_ERRORS);
const CLASSES = kindsOf(SERVER_CLASSES);
const MYSQL2 = kindsOf(MYSQL2_ERRORS);
const CONNECTOR = kindsOf(MARIADB_CONNECTOR_ERRORS);

/** HA_ERR_LOCK_DEADLOCK. The text is in the server's language: `Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT`. */
const DEADLOCK_INSIDE = /\b149\b/;

/** Returns what an error means that comes from mysql2, MariaDB's connector, the server or a proxy. */
export function mysqlFailure(error: unknown): FailureKind {
  const failure = driverError(error);
  const { code = '', errno = 0, message } = failure;
  if (isOfConnector(errno)) return CONNECTOR.get(errno) ?? 'unknown';
  if (errno > 0) return serverFailure(failure, errno);
  return MYSQL2.get(code) ?? kindByText(MYSQL2_TEXTS, message) ?? connectionFailure(failure);
}

function serverFailure({ sqlState = '', sqlMessage }: DriverError, errno: number): FailureKind {
  if (errno === 1180 && DEADLOCK_INSIDE.test(sqlMessage)) return 'rolled-back';
  return SERVER.get(errno) ?? CLASSES.get(sqlState.slice(0, 2)) ?? 'unknown';
}

/** Whether the number is one of the connector's own errors (lib/misc/errors.js). */
function isOfConnector(errno: number): boolean {
  return errno > 45_000 && errno < 46_000;
}
