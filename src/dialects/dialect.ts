import type { Socket } from 'node:net';
import type { DialectName } from '../shared/dialect-name.js';
import type { RunStatement, StatementResult } from './run-statement.js';
import type { ClientKind } from './connection-pool.js';
import type { DriverPackage } from './driver-package.js';
import type { FailureKind } from './failure-kind.js';
import type { Notifications } from './notifications.js';
import type { Requirements } from './requirement.js';

/**
 * The differences between the databases, and nothing else.
 *
 * @experimental A repository of the app may use it, as `DatabaseContext.dialect`. Its members change whenever the library's own
 * statements need it, in minor releases too.
 */
export interface Dialect {
  /** The name in the option `dialect`. */
  readonly name: DialectName;
  /** The packages with MikroORM's drivers for this database. The first one that is installed is used. */
  readonly drivers: readonly DriverPackage[];
  /** The clients of an app that the library can use. */
  readonly clients: readonly ClientKind[];
  /** Prepares a database that the library opened itself. */
  prepare?(run: RunStatement): Promise<void>;
  /** Returns the driver's options that limit how long opening a connection takes, in ms. */
  boundConnecting?(ms: number): object;
  /** Returns the driver's options that end a connection after this many ms of silence. Present if the driver hides its socket. */
  boundSilence?(ms: number): object;
  /** Returns the socket of one of the driver's connections, or undefined if the driver hides it. */
  socketOf?(connection: object): Socket | undefined;
  /** The statement that sets a connection as sessions need it. */
  readonly connectionSettings?: string;
  /** The settings that each connection must have, with the name of its database as `current_database`. Absent if no setting matters. */
  readonly connectionRequirements?: Requirements;
  /** The properties that the server must have. Absent if every server has them. */
  readonly serverRequirements?: Requirements;
  /** The properties that the server must have to create the table. Absent if every server has them. */
  readonly creationRequirements?: Requirements;
  /**
   * Returns the properties that the table must have. Absent if every table has them. The parameters are the schema (null for the
   * connection's own) and the table.
   *
   * @param name the table's name in a statement
   */
  tableRequirements?(name: string): Requirements;
  /** Returns warnings about the cluster of the server, one line each. Absent if no cluster needs any. */
  clusterWarnings?(run: RunStatement): Promise<readonly string[]>;
  /**
   * Makes the driver's pool run `prepare` before it lends a connection. If `prepare` fails, the pool closes the connection.
   * `prepare` returns nothing if the connection is ready. Returns a function that ends this.
   */
  guardPool?(pool: object, prepare: PrepareConnection): () => void;
  /** Reads the server's answers on a connection. Returns a function that ends this. */
  watchConnection?(connection: object, watch: ConnectionWatch): () => void;
  /** Whether a connection is inside a transaction, as far as the driver knows. */
  hasTransaction?(connection: object): boolean;
  /** Closes a connection of the driver's pool: an idle one at once, and one in use when it goes back to the pool. */
  discard?(connection: object, isInUse: boolean): void;
  /** Runs statements on one of the driver's connections. The caller must have the connection to itself. */
  onConnection(connection: object): RunStatement;
  /** Runs statements on the driver's client. Present if the client is a connection, not a pool, and this is faster. */
  onClient?(client: object): RunStatement;
  /** How processes tell each other something. Absent if the database cannot do that. */
  readonly notifications?: Notifications;
  /** Whether the driver blocks the process until the database has answered. */
  readonly isBlocking: boolean;
  /** Quotes an identifier. */
  quote(identifier: string): string;
  /** The n-th parameter, from 1. */
  parameter(n: number): string;
  /** A text parameter to compare with a text column. It equals only exactly the same text. */
  exactText(parameter: string): string;
  /**
   * Returns the condition that a text has this SHA-256 hash, in lower-case hexadecimal digits. So a statement can compare a long text
   * without sending it. Absent if the database runs in the process.
   */
  hasDigest?(text: string, digest: string): string;
  /** The current time, as the expiry column stores it. */
  readonly now: string;
  /** Returns the expression for `ms` milliseconds from now, as the expiry column stores it. */
  fromNow(ms: string): string;
  /** Returns the expression for `ms` milliseconds after a time. */
  after(time: string, ms: string): string;
  /** Returns the expression for the earlier of two times. */
  earlier(one: string, other: string): string;
  /** Returns the expression for the ms between now and a time. */
  until(time: string): string;
  /**
   * Returns the expression for a date and time in another store's table. The time is in UTC. On PostgreSQL, if the column's type
   * has no time zone, it is in the connection's time zone.
   */
  ofDateTime(column: string): string;
  /** Returns the expression for a time in another store's table, in seconds since 1970. */
  ofUnixTime(column: string): string;
  /** Returns the expression for the ms between the beginning of 1970 and a stored time. */
  sinceEpoch(time: string): string;
  /** Follows a table's name in an update, and makes the update use the primary key. Another plan would lock rows that are not wanted. */
  readonly byPrimaryKey: string;
  /**
   * Returns what follows a table's name so that its rows are found by the keys in the statement, whatever the statistics say.
   * Returns an empty text if the table has no such index. Absent if the database keeps its statistics current.
   *
   * @param schema undefined for the connection's own
   */
  keyHint?(run: RunStatement, table: string, schema: string | undefined): Promise<string>;
  /** Asks the server for its limit on the size of a statement, in bytes. Absent if sessions cannot reach the limit. */
  largestStatement?(run: RunStatement): Promise<number>;
  /** Returns a table `wanted` of parameter rows, for a `from` or a `join`. */
  wantedRows(columns: readonly WantedColumn[], count: number): string;
  /** Returns the parameters of these rows. */
  wantedParameters(columns: readonly WantedColumn[], rows: readonly (readonly unknown[])[]): unknown[];
  /**
   * Updates the rows of a table that are as wanted and not locked. Returns the commit ids of the rows that it wrote, unless
   * `writtenOf` is present.
   *
   * @param columns the columns of the wanted rows
   * @param count the number of the wanted rows
   * @param isWanted the condition that a row is as the wanted row with its key says
   * @param assignments the `set` list of the update
   */
  updateWanted(table: string, columns: readonly WantedColumn[], count: number, isWanted: string, assignments: string): string;
  /**
   * Updates the one row of a table that meets a condition, and none if the row is locked.
   *
   * @param assignments the `set` list of the update. Its parameters come before those of the condition.
   * @param condition contains the row's key
   */
  updateUnlocked(table: string, assignments: string, condition: string): string;
  /** The most rows of one `updateWanted`. Absent for any number. */
  readonly mostWanted?: number;
  /** Asks the server whether replicas run the same statements again. Then no row may be skipped. Absent if they copy rows. */
  repeatsStatements?(run: RunStatement): Promise<boolean>;
  /**
   * Returns which of the wanted rows an `updateWanted` has written, in their order. Present if it cannot return rows.
   *
   * @throws UnclearAnswer if the server's answer does not say so
   */
  writtenOf?(result: StatementResult, count: number): readonly boolean[];
  /** Whether an answer to an `updateWanted` shows that the table hides which rows are written. Rows are then updated one by one. */
  hidesWritten?(result: StatementResult): boolean;
  /**
   * Returns the rows of a table whose keys are wanted, for a `from`. Each row is found by the primary key. Conditions may follow
   * with `and`. Absent if a statement that names keys locks no other rows.
   */
  joinWanted?(table: string, wanted: string): string;
  /** Ends a `delete` so that it returns a column of the deleted rows. Empty if the database can only count them. */
  returning(column: string): string;
  /** Ends an `update` so that it returns columns of the updated row. Absent if the database cannot do that. */
  updateReturning?(columns: string): string;
  /** How an update without `updateReturning` tells whether a condition was true. */
  readonly report?: UpdateReport;
  /** Ends an `insert` so that a taken key inserts nothing. Empty if a taken key is an error. */
  readonly onDuplicateKey: string;
  /** Whether an error means that the key is taken. */
  isDuplicateKey?(error: unknown): boolean;
  /** Starts a transaction that will write. */
  readonly begin: string;
  /** Commits the transaction and begins no other. */
  readonly commit: string;
  /** Rolls the transaction back and begins no other. */
  readonly rollback: string;
  /**
   * A statement that waits until the synchronous standby has all earlier changes. Absent if a client sees no change before that.
   */
  readonly settle?: string;
  /** Ends a `select` that locks the row. Empty if the transaction holds the lock already. */
  readonly forUpdate: string;
  /** Ends a `select` that locks the rows that no other transaction has locked. */
  readonly forUpdateSkipLocked: string;
  /** Begins a transaction whose waits for locks are limited, in one round trip. Absent if that takes two. */
  beginBound?(seconds: number): string;
  /**
   * Returns statements for a transaction. `set` limits how long it waits for a lock; `reset` undoes that.
   *
   * @param isApps whether the transaction goes on with statements of the app, so that `reset` is needed
   */
  boundLockWait?(seconds: number, isApps: boolean): { readonly set: string; readonly reset?: string };
  /** Returns the table's column names. Empty if there is no such table. */
  columns(run: RunStatement, table: string, schema: string | undefined): Promise<string[]>;
  /** Returns the statements that create the table, its indexes and its table of leases. */
  tableDefinition(table: string, schema: string | undefined): readonly string[];
  /** Creates the table and its table of leases if the table is missing. Changes no existing table. Several processes may do so at once. */
  createTable(run: RunStatement, table: string, schema: string | undefined): Promise<void>;
  /**
   * Adds what the table lacks of the newest layout. The caller runs it in a transaction that limits how long it waits for locks. Other
   * processes may use and upgrade the table at the same time. If the database commits each of these statements by itself, an upgrade may
   * end in between; the next call adds the rest.
   */
  upgradeTable(run: RunStatement, table: string, schema: string | undefined): Promise<void>;
  /** Whether there is such a schema that the connection's user can see. */
  hasSchema(run: RunStatement, schema: string): Promise<boolean>;
  /** Whether an error means that there is no such database, so that no connection was opened. */
  isMissingDatabase(error: unknown): boolean;
  /** Whether an error means that the server refuses the user or the password. */
  isRefusedLogin(error: unknown): boolean;
  /** Returns what an error of the driver means. */
  classify(error: unknown): FailureKind;
}

/** Sets and checks a connection. Returns nothing if the connection is ready. */
export type PrepareConnection = (connection: object) => Promise<void> | undefined;

/**
 * What a server's answer says about its connection.
 *
 * @experimental Part of `Dialect`.
 */
export interface ConnectionWatch {
  /** The settings are no longer those that sessions need. */
  spoiled(): void;
  /** The server refuses writes. After a failover another server takes them, and only new connections lead to it. */
  refusesWrites(): void;
}

/**
 * How an update of one row tells whether a condition was true before it.
 *
 * @experimental Part of `Dialect`.
 */
export interface UpdateReport {
  /** Returns a condition that is always true, for the end of the update. */
  on(condition: string): string;
  /** Reads the result of the update. */
  wasTrue(result: StatementResult): boolean;
}

/**
 * A column of parameter rows.
 *
 * @experimental Part of `Dialect`.
 */
export interface WantedColumn {
  readonly name: string;
  /** `data` is the data of a record: a text that may be long. */
  readonly type: 'text' | 'int' | 'bigint' | 'float' | 'data';
}
