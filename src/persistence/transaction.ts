import type { Dialect } from '../dialects/dialect.js';
import type { RunStatement } from '../dialects/run-statement.js';
import type { StatementRunner } from './statement-runner.js';

/**
 * Runs `work` in one transaction that will write, on one connection, with a limited wait for locks.
 *
 * @param lockTimeout in ms; databases count seconds, so it is rounded up. Undefined for work that waits for no lock
 */
export function inTransaction<Result>(
  runner: StatementRunner,
  dialect: Dialect,
  lockTimeout: number | undefined,
  work: (run: RunStatement) => Promise<Result>,
): Promise<Result> {
  const begin = lockTimeout === undefined ? dialect.begin : dialect.beginBound?.(secondsOf(lockTimeout));
  return runner.onOneConnection(async (run) => {
    try {
      await run(begin ?? dialect.begin);
      const result = await (begin ? work(run) : withBoundLockWait(run, dialect, lockTimeout!, () => work(run)));
      await run(dialect.commit);
      return result;
    } catch (error) {
      // A lost connection has already rolled back. The first error is the one to report.
      await run(dialect.rollback).catch(() => undefined);
      throw error;
    }
  });
}

/**
 * Runs `work` inside the transaction of `run`, with a limited wait for locks.
 *
 * @param lockTimeout as in `inTransaction`
 * @param isApps whether the transaction is the app's, and must have its own limit again
 */
export async function withBoundLockWait<Result>(
  run: RunStatement,
  dialect: Dialect,
  lockTimeout: number,
  work: () => Promise<Result>,
  isApps = false,
): Promise<Result> {
  const bound = dialect.boundLockWait?.(secondsOf(lockTimeout), isApps);
  if (bound) await run(bound.set);
  const reset = async () => {
    if (bound?.reset) await run(bound.reset);
  };
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    await reset().catch(() => undefined);
    throw error;
  }
  // On a cluster another node may have won. Only the transaction's next statement reports that.
  await reset();
  return result;
}

function secondsOf(lockTimeout: number): number {
  return Math.max(1, Math.ceil(lockTimeout / 1000));
}
