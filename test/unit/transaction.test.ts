import { DIALECTS } from '../../src/dialects/index.js';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import { inTransaction, withBoundLockWait } from '../../src/persistence/transaction.js';
import type { StatementRunner } from '../../src/persistence/statement-runner.js';

const { boundLockWait } = DIALECTS.mariadb;
const { set, reset } = boundLockWait!(1, false);

/** Runs work in a transaction whose statement `failing` meets an error. */
function transact(failing: string | undefined, work: (run: RunStatement) => Promise<string>) {
  const statements: string[] = [];
  const run: RunStatement = async (sql) => {
    statements.push(sql);
    if (sql === failing) throw new Error(`failed: ${sql}`);
    return { rows: [], affected: 0 };
  };
  return { statements, result: withBoundLockWait(run, DIALECTS.mariadb, 1000, () => work(run)) };
}

describe('a bound lock wait', () => {
  const work = async (run: RunStatement) => {
    await run('work');
    return 'done';
  };

  it('is taken back after the work', async () => {
    const { statements, result } = transact(undefined, work);
    expect(await result).toBe('done');
    expect(statements).toEqual([set, 'work', reset]);
  });

  it('is taken back after work that failed, which is what counts', async () => {
    const { statements, result } = transact('work', work);
    await expect(result).rejects.toThrow('failed: work');
    expect(statements).toEqual([set, 'work', reset]);
  });

  it('NoLostKey: fails when a cluster says only then that the transaction has lost', async () => {
    await expect(transact(reset, work).result).rejects.toThrow(`failed: ${reset}`);
  });
});

describe('a transaction', () => {
  /** Runs work in a transaction of a dialect, whose statement `failing` meets an error. */
  async function statementsOf(dialect: keyof typeof DIALECTS, lockTimeout: number | undefined, failing?: string): Promise<string[]> {
    const statements: string[] = [];
    const run: RunStatement = async (sql) => {
      statements.push(sql);
      if (sql === failing) throw new Error(`failed: ${sql}`);
      return { rows: [], affected: 0 };
    };
    const runner = { onOneConnection: (work: (run: RunStatement) => unknown) => work(run) } as unknown as StatementRunner;
    await inTransaction(runner, DIALECTS[dialect], lockTimeout, () => run('work')).catch(() => undefined);
    return statements;
  }

  const BEGIN = "begin; set local lock_timeout = '2s'";

  it.each([
    ['begins with its limit in one round trip on PostgreSQL', 'postgresql', 1500, undefined, [BEGIN, 'work', 'commit']],
    ['has no limit if it waits for no lock', 'postgresql', undefined, undefined, ['begin', 'work', 'commit']],
    ['rolls back if its limit cannot be set', 'postgresql', 1500, BEGIN, [BEGIN, 'rollback']],
    ['rolls back if its work fails', 'postgresql', 1500, 'work', [BEGIN, 'work', 'rollback']],
    ['sets its limit apart on MariaDB', 'mariadb', 1000, undefined, [DIALECTS.mariadb.begin, set, 'work', reset, DIALECTS.mariadb.commit]],
  ] as const)('%s', async (_name, dialect, lockTimeout, failing, statements) => {
    expect(await statementsOf(dialect, lockTimeout, failing)).toEqual(statements);
  });
});
