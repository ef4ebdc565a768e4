import type { Socket } from 'node:net';
import type { DialectName } from '../shared/dialect-name.js';
import type { RunStatement } from './run-statement.js';
import type { DriverPackage } from './driver-package.js';
import type { FailureKind } from './failure-kind.js';
import type { Requirements } from './requirement.js';

/** What differs between the databases, and nothing else. */
export interface Dialect {
  /** How the option `dialect` names it. */
  readonly name: DialectName;
  /** The packages with MikroORM's drivers for it. The first that is installed is taken. */
  readonly drivers: readonly DriverPackage[];
  /** Prepares a database that the library opened itself. */
  prepare?(run: RunStatement): Promise<void>;
  /** The driver's options by which opening a connection takes at most so many ms. */
  boundConnecting?(ms: number): object;
  /** The driver's options by which a connection ends on which nothing was heard for so many ms, where it hides its socket. */
  boundSilence?(ms: number): object;
  /** The socket of one of the driver's connections; undefined where the driver hides it. */
  socketOf?(connection: object): Socket | undefined;
  /** The statement that sets a connection as sessions need it. */
  readonly connectionSettings?: string;
  /** The settings that each connection must have, and the name of its database as `current_database`; absent if no setting matters. */
  readonly connectionRequirements?: Requirements;
  /** The properties that the server must have; absent if any server is right. */
  readonly serverRequirements?: Requirements;
  /** The properties that the server must have to make the table; absent if any server is right. */
  readonly creationRequirements?: Requirements;
  /** The properties that the table must have; absent if any table is right. Its parameters are the schema, or null for the connection's own, and the table. */
  readonly tableRequirements?: Requirements;
  /** Lets the driver's pool give out each connection only after `prepare`. One for which that fails is closed. `prepare` returns nothing for one that is ready. */
  guardPool?(pool: object, prepare: PrepareConnection): void;
  /** Calls `spoiled` when the server says that the connection is no longer set as sessions need it. */
  watchConnection?(connection: object, spoiled: () => void): void;
  /** Runs statements on one of the driver's connections. The caller sees to it that nobody else uses it meanwhile. */
  onConnection(connection: object): RunStatement;
  /** The same on the driver's client, where that is a connection and no pool, and where that spares work. */
  onClient?(client: object): RunStatement;
  /** Whether the driver blocks the process until it has its answer. */
  readonly isBlocking: boolean;
  /** Quotes an identifier. */
  quote(identifier: string): string;
  /** The n-th parameter, from 1. */
  parameter(n: number): string;
  /** A text parameter that a text column is compared with: equal only to the very same text. */
  exactText(parameter: string): string;
  /** "Now", as the expiry column stores it. */
  readonly now: string;
  /** The expression `ms` milliseconds from now, as the expiry column stores it. */
  fromNow(ms: string): string;
  /** The expression `ms` milliseconds after a time. */
  after(time: string, ms: string): string;
  /** The expression for the earlier of two times. */
  earlier(one: string, other: string): string;
  /** The expression for how many ms lie between now and a time. */
  until(time: string): string;
  /** The expression for how many ms lie between now and the expiry. */
  readonly remaining: string;
  /** The expression for a time that another's table holds as a date with a time: in UTC; on PostgreSQL, where its type names no time zone, in the connection's. */
  ofDateTime(column: string): string;
  /** The expression for a time that another's table holds as seconds since 1970. */
  ofUnixTime(column: string): string;
  /** The expression for how many ms lie between the beginning of 1970 and a stored time. */
  sinceEpoch(time: string): string;
  /** After a table in an update: that it goes by the primary key, where another way would lock what is not wanted. */
  readonly byPrimaryKey: string;
  /**
   * Finds what to put after a table so that its rows are looked for by the keys that a statement names, whatever the
   * statistics say; empty where the table has no such index. Absent where statistics keep up.
   *
   * @param schema undefined for the connection's own
   */
  keyHint?(run: RunStatement, table: string, schema: string | undefined): Promise<string>;
  /** Asks the server how many bytes a statement may have; absent where there is no limit that sessions meet. */
  largestStatement?(run: RunStatement): Promise<number>;
  /** A table `wanted` of rows that are made of parameters, for a `from` or a `join`. */
  wantedRows(columns: readonly WantedColumn[], count: number): string;
  /** The parameters of such rows. */
  wantedParameters(columns: readonly WantedColumn[], rows: readonly (readonly unknown[])[]): unknown[];
  /**
   * Updates the rows of a table that are as wanted and not locked, and returns the commit ids of what it has
   * written.
   *
   * @param wanted the rows, from `wantedRows`
   * @param isWanted the condition for a row to be as the wanted row of its key says
   * @param assignments what an update of them sets
   */
  updateWanted(table: string, wanted: string, isWanted: string, assignments: string): string;
  /** Locks those rows and returns their keys, where an update cannot tell which it has written; `updateWanted` then returns nothing. */
  lockWanted?(table: string, wanted: string, isWanted: string): string;
  /**
   * The rows of a table whose keys are wanted, for a `from`, found one by one by the primary key; conditions may follow with `and`.
   * Absent where a statement that names keys locks no other rows.
   */
  joinWanted?(table: string, wanted: string): string;
  /** Ends a `delete` so that it returns a column of what it has deleted; empty where it can only count. */
  returning(column: string): string;
  /** Ends an `insert` so that a taken key inserts nothing; empty where that is an error. */
  readonly onDuplicateKey: string;
  /** Whether an error means that the key was taken. */
  isDuplicateKey?(error: unknown): boolean;
  /** Starts a transaction that will write. */
  readonly begin: string;
  /** Commits it, and begins no other. */
  readonly commit: string;
  /** Rolls it back, and begins no other. */
  readonly rollback: string;
  /** Ends a `select` that takes the row's lock; empty where the transaction holds it already. */
  readonly forUpdate: string;
  /** Ends a `select` that takes the locks of the rows that nobody else holds. */
  readonly forUpdateSkipLocked: string;
  /** Statements for inside a transaction: the first bounds its waiting for a lock, the second takes that back. */
  boundLockWait?(seconds: number): { readonly set: string; readonly reset?: string };
  /** The table's column names; empty when there is no such table. */
  columns(run: RunStatement, table: string, schema: string | undefined): Promise<string[]>;
  /** The statements that make the table and its indexes. */
  tableDefinition(table: string, schema: string | undefined): readonly string[];
  /** Creates the table if it is missing; may run in several processes at once. */
  createTable(run: RunStatement, table: string, schema: string | undefined): Promise<void>;
  /** Whether there is such a schema, as far as the connection's user can see. */
  hasSchema(run: RunStatement, schema: string): Promise<boolean>;
  /** Whether an error means that there is no such database: no connection was opened. */
  isMissingDatabase(error: unknown): boolean;
  /** What an error of the driver means. */
  classify(error: unknown): FailureKind;
}

/** Sets and checks a connection; returns nothing for one that is ready. */
export type PrepareConnection = (connection: object) => Promise<void> | undefined;

/** A column of rows that are made of parameters. */
export interface WantedColumn {
  readonly name: string;
  readonly type: 'text' | 'int' | 'bigint' | 'float';
}
