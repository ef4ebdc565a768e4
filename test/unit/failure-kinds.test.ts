import { DriverException } from '@mikro-orm/core';
import type { DialectName, FailureKind } from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { DRIVER_FAILURES } from '../support/driver-errors.js';

type Case = readonly [dialect: DialectName, kind: FailureKind, error: DriverFailure];
type DriverFailure = Error & Record<string, unknown>;

/** An error as a driver makes it. */
function failure(message: string, properties: object = {}): DriverFailure {
  return Object.assign(new Error(message), properties) as never;
}

const system = (code: string, syscall: string) => failure(`${syscall} ${code}`, { errno: -1, code, syscall });
const mysqlServer = (code: string, errno: number, sqlState: string, sqlMessage = 'as the server says') =>
  failure(sqlMessage, { code, errno, sqlState, sqlMessage });
const postgresServer = (code: string, message = 'as the server says', severity = 'ERROR') =>
  failure(message, { code, severity, length: 99 });

/** What was taken for something else. */
const MISREAD: readonly Case[] = [
  ['mysql', 'unknown', mysqlServer('CR_SERVER_GONE_ERROR', 2006, 'HY000')],
  ['mysql', 'unknown', mysqlServer('CR_SERVER_LOST', 2013, 'HY000')],
  ['mysql', 'unknown', system('EHOSTUNREACH', 'read')],
  ['postgresql', 'unknown', system('ENETUNREACH', 'write')],
  ['mysql', 'unknown', failure('of a version to come', { code: 'ERR_OF_TOMORROW' })],
  ['postgresql', 'unknown', failure('Query read timeout')],
  ['sqlite', 'unknown', failure('disk I/O error', { code: 'SQLITE_IOERR_FSYNC' })],
  ['mysql', 'failed', system('ETIMEDOUT', 'connect')],
  ['postgresql', 'failed', failure('Connection terminated due to connection timeout')],
  ['postgresql', 'failed', postgresServer('08P01', 'no such database: nowhere', 'FATAL')],
  ['mysql', 'rolled-back', mysqlServer('ER_TRANSACTION_ROLLBACK_DURING_COMMIT', 3101, '40000')],
  [
    'mysql',
    'rolled-back',
    mysqlServer('ER_ERROR_DURING_COMMIT', 1180, 'HY000', "Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT"),
  ],
];

describe('what an error of the driver means', () => {
  const named = (cases: readonly Case[]) =>
    cases.map(([dialect, kind, error]) => ({
      dialect,
      kind,
      error,
      name: `${error.code ?? ''} ${error.errno ?? ''} ${error.message}`.trim(),
    }));

  it.each(named(MISREAD))('on $dialect, $name: $kind', ({ dialect, kind, error }) => {
    expect(DIALECTS[dialect].classify(error)).toBe(kind);
    expect(DIALECTS[dialect].classify(new DriverException(error))).toBe(kind);
  });

  /** knex, in MikroORM 6, puts the statement and its values before the message. */
  const byKnex = (error: Error, sql: string) => Object.assign(new Error(`${sql} - ${error.message}`), { ...error });

  describe.each(Object.entries(DRIVER_FAILURES))('on %s', (name, failures) => {
    const { classify } = DIALECTS[name as DialectName];

    it.each(failures)('$name: $kind, as the driver makes it and as MikroORM wraps it', ({ kind, error }) => {
      expect([classify(error), classify(new DriverException(error))]).toEqual([kind, kind]);
    });
  });

  it.each(['postgresql', 'mysql', 'sqlite'] as const)('on %s: no value can imitate an error', (name) => {
    const lost = new Error('an error that has no code');
    for (const { error } of DRIVER_FAILURES[name]) {
      expect(DIALECTS[name].classify(byKnex(lost, `update sessions set data = '${error.message} - ${error.message}'`))).toBe('unknown');
    }
  });

  it('knows errors without a code behind the statement of knex', () => {
    const notSent = new Error('Client was closed and is not queryable');
    expect(DIALECTS.postgresql.classify(byKnex(notSent, 'select 1'))).toBe('not-done');
  });

  it('takes a number inside a value for no deadlock', () => {
    const failed = mysqlServer('ER_ERROR_DURING_COMMIT', 1180, 'HY000', "Got error 6 - 'No such device or address' during COMMIT");
    expect(DIALECTS.mysql.classify(byKnex(failed, "update sessions set data = '149'"))).toBe('unknown');
  });

  it.each([undefined, null, 'text', 7, {}, { code: 7, errno: 'x', message: null }, { errors: [] }])(
    'on each dialect, of a thing that is no error: unknown',
    (thrown) => {
      for (const { classify } of Object.values(DIALECTS)) expect(classify(thrown)).toBe('unknown');
    },
  );
});
