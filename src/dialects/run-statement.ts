/** The result of a statement: its rows, and the number of rows that it changed. */
export interface StatementResult {
  /** Empty for a statement that returns no rows. */
  readonly rows: readonly Record<string, unknown>[];
  /** The number of rows that it changed; 0 for a statement that only reads. */
  readonly affected: number;
}

/** Runs one statement with bound parameters. */
export type RunStatement = (sql: string, parameters?: readonly unknown[]) => Promise<StatementResult>;
