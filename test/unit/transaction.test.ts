import { DIALECTS } from '../../src/dialects/index.js';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import { withBoundLockWait } from '../../src/persistence/transaction.js';

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
