/** The result of a statement. */
export interface StatementResult {
  /** Empty for a statement that returns no rows. */
  readonly rows: readonly Record<string, unknown>[];
  /** The number of rows that it changed; 0 for a statement that only reads. */
  readonly affected: number;
  /** The "insert id" of MySQL's protocol. Absent on other databases, and if it is 0. */
  readonly insertId?: bigint | number;
}

/** The answer to a statement does not say which rows it has written. Outside a transaction, its outcome is unknown. */
export class UnclearAnswer extends Error {}

/** Runs one statement with bound parameters. */
export type RunStatement = (sql: string, parameters?: readonly unknown[]) => Promise<StatementResult>;
