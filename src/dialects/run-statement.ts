/** What a statement gave: its rows, and how many rows it changed. */
export interface StatementResult {
  /** Empty for a statement that gives none. */
  readonly rows: readonly Record<string, unknown>[];
  /** How many rows it changed; 0 for one that only reads. */
  readonly affected: number;
}

/** Runs one statement with bound parameters. */
export type RunStatement = (sql: string, parameters?: readonly unknown[]) => Promise<StatementResult>;
