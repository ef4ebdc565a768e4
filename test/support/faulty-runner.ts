import type { RunStatement, StatementResult } from '../../src/dialects/run-statement.js';
import type { StatementRunner } from '../../src/persistence/statement-runner.js';

/** A failure at a statement. */
export interface StatementFault {
  readonly error: unknown;
  /** Whether the statement took effect before. */
  readonly isDone: boolean;
  /** Whether the connection ends, so that an open transaction is rolled back. */
  readonly isLost: boolean;
  /** The action of another process at that time. */
  readonly meanwhile?: () => Promise<unknown>;
}

/** Runs statements on a real connection with one fault. */
export class FaultyRunner implements Pick<StatementRunner, 'run' | 'onOneConnection'> {
  /** The statements that were run, in order. */
  readonly statements: string[] = [];
  /** The index of the statement with the fault. */
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
      // Only after the end of the transaction, which holds the locks that the other process needs.
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
  // After a successful commit there is nothing to roll back.
  if (isLost) await run('rollback').catch(() => undefined);
  throw error;
}
