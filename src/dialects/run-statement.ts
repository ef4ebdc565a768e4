/** What a statement gave: its rows, and how many rows it changed. */
export interface StatementResult {
  readonly rows: readonly Record<string, unknown>[];
  readonly affected: number;
}

/** Runs one statement with bound parameters. */
export type RunStatement = (sql: string, parameters?: readonly unknown[]) => Promise<StatementResult>;
