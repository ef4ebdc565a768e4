import type { RunStatement, StatementResult } from '../../src/dialects/run-statement.js';
import type { StatementRunner } from '../../src/persistence/statement-runner.js';

/** What goes wrong at a statement. */
export interface StatementFault {
  readonly error: unknown;
  /** Whether the statement was done by then. */
  readonly isDone: boolean;
  /** Whether the connection ends with it, so that an open transaction is rolled back. */
  readonly isLost: boolean;
  /** What another does then. */
  readonly meanwhile?: () => Promise<unknown>;
}

/** Runs statements on a real connection, and meets one fault. */
export class FaultyRunner implements Pick<StatementRunner, 'run' | 'onOneConnection'> {
  /** What was run, in its order. */
  readonly statements: string[] = [];
  /** The number of the statement that meets the fault, from 0. */
  at = -1;
  fault: StatementFault | undefined;

  constructor(private readonly real: StatementRunner) {}

  readonly run: RunStatement = async (sql, parameters) => {
    const fault = this.#next(sql);
    if (!fault) return this.real.run(sql, parameters);
    if (fault.isDone) await this.real.run(sql, parameters);
    await fault.meanwhile?.();
    throw fault.error;
  };

  async onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    let met: StatementFault | undefined;
    try {
      return await this.real.onOneConnection((run) =>
        work(async (sql, parameters) => {
          if (met?.isLost) throw met.error;
          const fault = this.#next(sql);
          if (!fault) return run(sql, parameters);
          met = fault;
          return fail(fault, run, sql, parameters);
        }),
      );
    } finally {
      // Not before the transaction has ended: it holds what the other wants.
      await met?.meanwhile?.();
    }
  }

  #next(sql: string): StatementFault | undefined {
    this.statements.push(sql);
    return this.statements.length - 1 === this.at ? this.fault : undefined;
  }
}

async function fail(
  { error, isDone, isLost }: StatementFault,
  run: RunStatement,
  sql: string,
  parameters?: readonly unknown[],
): Promise<StatementResult> {
  if (isDone) await run(sql, parameters);
  // After a commit that was done there is nothing to roll back.
  if (isLost) await run('rollback').catch(() => undefined);
  throw error;
}
