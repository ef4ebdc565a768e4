import { CONNECTING_ERRORS, POOL_ERRORS, SOCKET_ERRORS } from '../../src/dialects/connection.errors.js';
import { MARIADB_CONNECTOR_ERRORS, MYSQL2_ERRORS, MYSQL2_TEXTS, SERVER_CLASSES, SERVER_ERRORS } from '../../src/dialects/mysql.errors.js';
import { PG_ERRORS, POOLER_ERRORS, SQLSTATES, SQLSTATE_CLASSES } from '../../src/dialects/postgresql.errors.js';
import { BETTER_SQLITE_ERRORS, SQLITE_CODES } from '../../src/dialects/sqlite.errors.js';
import type { KnownError, KnownText } from '../../src/dialects/known-errors.js';
import type { DialectName, FailureKind } from '../../src/index.js';

/** An error as a driver makes it, with its meaning. */
export interface DriverFailure {
  readonly name: string;
  readonly kind: FailureKind;
  readonly error: Error;
}

const NOT_KNOWN = failure('unknown', 'of a version to come', { code: 'ERR_OF_TOMORROW' });

const POSTGRESQL: readonly DriverFailure[] = [
  ...SQLSTATES.map(([code, name, kind]) => failure(kind, name, { code, severity: 'ERROR' })),
  ...SQLSTATE_CLASSES.map(([code, name, kind]) => failure(kind, name, { code: `${code}999`, severity: 'ERROR' })),
  ...texts(POOLER_ERRORS, { code: '08P01', severity: 'FATAL' }),
  ...texts(PG_ERRORS),
  failure('unknown', 'server conn crashed?', { code: '08P01', severity: 'FATAL' }),
  failure('unknown', 'of a version to come', { code: '08999', severity: 'ERROR' }),
];

const MYSQL: readonly DriverFailure[] = [
  ...SERVER_ERRORS.map(([errno, code, kind]) => server(kind, errno as number, code, 'HY000')),
  ...SERVER_CLASSES.map(([state, , kind]) => server(kind, 9999, 'ER_OF_A_CLASS', `${state}000`)),
  ...MYSQL2_ERRORS.map(([code, name, kind]) => failure(kind, name, { code, fatal: true })),
  ...texts(MYSQL2_TEXTS, { fatal: true }),
  ...MARIADB_CONNECTOR_ERRORS.map(([errno, code, kind]) => server(kind, errno as number, code, '08S01')),
  failure('rolled-back', "Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT", {
    code: 'ER_ERROR_DURING_COMMIT',
    errno: 1180,
    sqlState: 'HY000',
    sqlMessage: "Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT",
  }),
  server('unknown', 9999, 'ER_OF_TOMORROW', 'HY000'),
];

const SQLITE: readonly DriverFailure[] = [
  ...SQLITE_CODES.map(([code, name, kind]) => failure(kind, name, { code })),
  ...texts(BETTER_SQLITE_ERRORS),
  failure('rolled-back', 'database is locked', { code: 'SQLITE_BUSY_SNAPSHOT' }),
  failure('unknown', 'disk I/O error', { code: 'SQLITE_IOERR_FSYNC' }),
  failure('failed', 'UNIQUE constraint failed', { code: 'SQLITE_CONSTRAINT_UNIQUE' }),
];

/** The same codes during the opening of a connection and afterwards. */
const CONNECTION: readonly DriverFailure[] = [
  ...CONNECTING_ERRORS.map(([code, , kind]) => failure(kind, `connect ${code}`, { code, errno: -1, syscall: 'connect' })),
  ...CONNECTING_ERRORS.map(([code, , kind]) => ({
    ...failure(kind, `addresses ${code}`),
    error: Object.assign(new AggregateError([system(code), system(code)]), { code }),
  })),
  ...SOCKET_ERRORS.map(([code, , kind]) => failure(kind, `read ${code}`, { code, errno: -1, syscall: 'read' })),
  ...texts(POOL_ERRORS),
  failure('unknown', 'read ECONNREFUSED', { code: 'ECONNREFUSED', syscall: 'read' }),
];

/** All known errors of the drivers for a database, and some unknown ones. */
export const DRIVER_FAILURES: Readonly<Record<DialectName, readonly DriverFailure[]>> = {
  postgresql: [...POSTGRESQL, ...CONNECTION, NOT_KNOWN],
  mysql: [...MYSQL, ...CONNECTION, NOT_KNOWN],
  mariadb: [...MYSQL, ...CONNECTION, NOT_KNOWN],
  sqlite: [...SQLITE, NOT_KNOWN],
};

function failure(kind: FailureKind, message: string, properties: object = {}): DriverFailure {
  const error = Object.assign(new Error(message), properties);
  const { code = '' } = properties as Partial<Record<'code', unknown>>;
  return { name: `${String(code)} ${message}`.trim(), kind, error };
}

function system(code: KnownError[0]): Error {
  return Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' });
}

function server(kind: FailureKind, errno: number, code: string, sqlState: string): DriverFailure {
  const said = 'as the server says';
  return { ...failure(kind, said, { code, errno, sqlState, sqlMessage: said }), name: `${errno} ${code} ${sqlState}` };
}

function texts(known: readonly KnownText[], properties: object = {}): DriverFailure[] {
  return known.map(([text, kind]) => failure(kind, text.replace('…', 'some more'), properties));
}
