import { DriverException } from '@mikro-orm/core';
import { SessionConflictError, SessionUnavailableError } from '../../src/index.js';
import type { FailureKind } from '../../src/dialects/failure-kind.js';
import { TransactionHistory, type Run } from '../../src/transactions/transaction-history.js';

/** The kind of each error that the database knows. */
const KINDS = new Map<unknown, FailureKind>();
const failing = (kind: FailureKind, error: Error = new Error(kind)) => (KINDS.set(error, kind), error);

const record = (version: number, commitId: string) => ({ version, commitId }) as never;
const run = (before: object | undefined, commitId: string, userId: string | null = null) =>
  ({ before, revision: { record: { commitId }, change: { userId } } }) as unknown as Run<string>;

function newHistory() {
  const history = new TransactionHistory<string>({ classify: (error: unknown) => KINDS.get(error) ?? 'unknown' } as never);
  history.begins();
  return history;
}

/** A history whose run has sent COMMIT and got no answer. */
function unanswered(last: Run<string>) {
  const history = newHistory();
  history.begun(async () => ({ rows: [], affected: 0 }));
  history.commits(last);
  history.judge(failing('unknown'));
  return history;
}

describe('the error of a run', () => {
  const begun = () => {
    const history = newHistory();
    history.begun(async () => ({ rows: [], affected: 0 }));
    return history;
  };

  it.each<FailureKind>(['rolled-back', 'not-done', 'unknown'])('lets it run again if the transaction did not begin: %s', (kind) => {
    const history = newHistory();
    history.judge(failing(kind));
    expect(history.hasUnknown).toBe(false);
  });

  it('tells that the database refuses the transaction', () => {
    expect(() => newHistory().judge(failing('failed'))).toThrow(SessionUnavailableError);
  });

  it.each<FailureKind>(['rolled-back', 'not-done', 'unknown'])('lets it run again if a statement of the work failed: %s', (kind) => {
    begun().judge(failing(kind, new DriverException(new Error('in the work'))));
  });

  it('is thrown as it is if the database refuses a statement of the work', () => {
    const error = failing('failed', new DriverException(new Error('duplicate key')));
    expect(() => begun().judge(error)).toThrow(error);
  });

  it.each<FailureKind>(['not-done', 'unknown', 'failed'])('is thrown as it is if it is the app’s own: %s', (kind) => {
    const error = failing(kind, Object.assign(new Error('of the app'), { code: 'E_APP' }));
    expect(() => begun().judge(error)).toThrow(error);
  });

  it('lets it run again if the work ran a statement past MikroORM that was rolled back', () => {
    begun().judge(failing('rolled-back', Object.assign(new Error('deadlock'), { code: '40P01' })));
  });

  it.each(['an error', undefined, null])('is thrown as it is if the work throws %o', (thrown) => {
    let seen: unknown = 'nothing';
    try {
      begun().judge(thrown);
    } catch (error) {
      seen = error;
    }
    expect(seen).toBe(thrown);
  });

  it('lets it run again if a statement of the library failed, and tells if the database refuses it', async () => {
    for (const kind of ['not-done', 'failed'] as const) {
      const history = newHistory();
      const error = failing(kind);
      const statements = history.begun(() => Promise.reject(error));
      await expect(statements('select 1')).rejects.toThrow(error);
      if (kind === 'failed') expect(() => history.judge(error)).toThrow(SessionUnavailableError);
      else history.judge(error);
    }
  });

  it('lets it run again after a conflict', () => {
    begun().judge(new SessionConflictError('key', 1));
  });

  it('is thrown as it is if the database refuses COMMIT', () => {
    const history = begun();
    history.commits(run(record(1, 'a'), 'b'));
    const error = failing('failed');
    expect(() => history.judge(error)).toThrow(error);
    expect(history.hasUnknown).toBe(false);
  });

  it.each<[FailureKind, boolean]>([
    ['rolled-back', false],
    ['not-done', false],
    ['unknown', true],
  ])('tells whether COMMIT may have taken effect: %s', (kind, isUnknown) => {
    const history = begun();
    history.commits(run(record(1, 'a'), 'b'));
    history.judge(failing(kind));
    expect(history.hasUnknown).toBe(isUnknown);
  });
});

describe('a run whose COMMIT was not answered', () => {
  it('has landed if the record has its commit id', () => {
    const last = run(record(1, 'a'), 'b');
    expect(unanswered(last).findLanded(record(2, 'b'))).toBe(last);
  });

  it('has not landed if the record is as it was before', () => {
    const history = unanswered(run(record(1, 'a'), 'b'));
    expect(history.findLanded(record(1, 'a'))).toBeUndefined();
    expect([history.isUnclear, history.mayStillLand]).toEqual([false, false]);
  });

  it.each([record(2, 'c'), record(1, 'c'), record(2, 'a'), undefined])('is unclear if the record is %o', (stored) => {
    const history = unanswered(run(record(1, 'a'), 'b'));
    expect(() => history.findLanded(stored)).toThrow(SessionUnavailableError);
    expect(history.isUnclear).toBe(true);
  });

  it('may still land if it was to insert the record', () => {
    const history = unanswered(run(undefined, 'b'));
    expect(history.findLanded(undefined)).toBeUndefined();
    expect(history.mayStillLand).toBe(true);
  });

  it('is unclear if it was to insert the record of a user, which others can destroy, or if there is another record', () => {
    expect(() => unanswered(run(undefined, 'b', 'anna')).findLanded(undefined)).toThrow(SessionUnavailableError);
    expect(() => unanswered(run(undefined, 'b')).findLanded(record(0, 'c'))).toThrow(SessionUnavailableError);
  });

  it('is unclear if it has stored nothing', () => {
    const empty = { before: undefined, revision: undefined } as Run<string>;
    expect(() => unanswered(empty).findLanded(undefined)).toThrow(SessionUnavailableError);
  });
});
