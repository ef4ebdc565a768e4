import type { RunStatement } from './run-statement.js';

/** An index of a table that covers all its rows. */
export interface TableIndex {
  readonly columns: readonly string[];
  readonly isPrimary: boolean;
}

/** Asks a database for facts that an operator needs, and no session. One object for each dialect. */
export interface Inspection {
  /** The oldest version that the tests run on, as its numbers. */
  readonly oldestTested: readonly number[];
  /** Asks the server for its version. */
  version(run: RunStatement): Promise<string>;
  /** Asks for the isolation level of the connection. */
  isolation(run: RunStatement): Promise<string>;
  /**
   * Returns the indexes of a table, the primary key included.
   *
   * @param schema undefined for the connection's own
   */
  indexes(run: RunStatement, table: string, schema: string | undefined): Promise<readonly TableIndex[]>;
  /**
   * Returns how full a page of the table may get by inserts, in percent; undefined if the table has no pages of its own. Absent if the
   * database has no such setting.
   */
  fillfactor?(run: RunStatement, table: string, schema: string | undefined): Promise<number | undefined>;
}

/** Returns the indexes from rows with the columns `is_primary` and `columns`, a text with commas. */
export function indexesIn(rows: readonly Readonly<Record<string, unknown>>[]): TableIndex[] {
  return rows.map(({ is_primary: isPrimary, columns }) => ({
    columns: String(columns).split(','),
    isPrimary: Number(isPrimary) === 1,
  }));
}
