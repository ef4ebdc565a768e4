import type { RunStatement } from './run-statement.js';
import type { TableColumn } from './table-layout.js';

/** An index of a table that covers all its rows. */
export interface TableIndex {
  readonly name: string;
  readonly columns: readonly string[];
  readonly isPrimary: boolean;
  /** Whether the database uses it for statements. */
  readonly isUsed: boolean;
}

/** A name of the table: the schema is undefined for the connection's own. */
export interface TablePlace {
  readonly table: string;
  readonly schema: string | undefined;
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
  /** Returns sentences about how to make the database use an index that it does not use. Absent if it uses each one. */
  repairOf?(index: TableIndex, place: TablePlace): string;
  /** Returns the statement that creates an index on a column. */
  createIndex(place: TablePlace, column: string): string;
  /** Returns sentences about how to make columns the primary key, with the primary key that there is now. */
  primaryKeyOn(place: TablePlace, columns: string, now: TableIndex | undefined): string;
  /** Returns the types of the columns by their names. */
  columnTypes(run: RunStatement, place: TablePlace): Promise<ReadonlyMap<string, string>>;
  /**
   * Whether a column's type can keep every value of the content.
   *
   * @param maxBytes the option `maxBytes`
   */
  fits(column: TableColumn, type: string, maxBytes: number): boolean;
  /** Returns sentences about how to give a column its type. */
  changeType(place: TablePlace, column: TableColumn): string;
  /** Whether a crash of the server empties the table. Absent if the engine of the table says so. */
  isUnlogged?(run: RunStatement, place: TablePlace): Promise<boolean>;
  /**
   * Returns why the connection's user does not see a table that may exist, as words; undefined if there is no such reason. Absent if the
   * database has no users.
   */
  hiddenBy?(run: RunStatement, place: TablePlace): Promise<string | undefined>;
  /** Returns the statements that grant the rights on a table to the connection's user. Absent if the database has no users. */
  grants?(run: RunStatement, place: TablePlace): Promise<readonly string[]>;
  /** Whether an error means that the server, or the connection, does not write at all. */
  isReadOnly(error: unknown): boolean;
  /** The remedy for that, as sentences. */
  readonly adviceForReadOnly: string;
  /**
   * Returns how full a page of the table may get by inserts, in percent; undefined if the table has no pages of its own. Absent if the
   * database has no such setting.
   */
  fillfactor?(run: RunStatement, table: string, schema: string | undefined): Promise<number | undefined>;
}

/** Returns the indexes from rows with the columns `name`, `is_primary`, `is_used` and `columns`, a text with commas. */
export function indexesIn(rows: readonly Readonly<Record<string, unknown>>[]): TableIndex[] {
  return rows.map(({ name, is_primary: isPrimary, is_used: isUsed = 1, columns }) => ({
    name: String(name),
    columns: String(columns).split(','),
    isPrimary: Number(isPrimary) === 1,
    isUsed: Number(isUsed) === 1,
  }));
}

/** The rights that the library needs on each of its tables. */
export const RIGHTS = 'select, insert, update, delete';

/** Returns the length in `varchar(255)`; undefined for another type. Without a length, there is no limit. */
export function lengthOf(type: string, names: readonly string[]): number | undefined {
  const [, name, length] = /^([a-z ]+?)(?:\((\d+)\))?$/.exec(type) ?? [];
  if (name === undefined || !names.includes(name)) return undefined;
  return length === undefined ? Infinity : Number(length);
}
