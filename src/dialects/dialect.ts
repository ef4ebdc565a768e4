import type { RunStatement } from './run-statement.js';
import type { FailureKind } from './failure-kind.js';

/** What differs between the databases, and nothing else. */
export interface Dialect {
  readonly name: DialectName;
  /** The package with MikroORM's driver. */
  readonly driverPackage: string;
  /** The name of that driver's class. */
  readonly driver: string;
  /** Prepares a database that the library opened itself. */
  prepare?(run: RunStatement): Promise<void>;
  /** Quotes an identifier. */
  quote(identifier: string): string;
  /** The n-th parameter, from 1. */
  parameter(n: number): string;
  /** "Now", as the expiry column stores it. */
  readonly now: string;
  /** The expression `ms` milliseconds from now, as the expiry column stores it. */
  fromNow(ms: string): string;
  /** The expression for how many ms lie between now and the expiry. */
  readonly remaining: string;
  /** Turns a stored timestamp, as the driver gives it, into a Date. */
  toDate(stored: unknown): Date;
  /** Ends an `insert` so that a taken key inserts nothing; empty where that is an error. */
  readonly onDuplicateKey: string;
  /** Whether an error means that the key was taken. */
  isDuplicateKey?(error: unknown): boolean;
  /** Starts a transaction that will write. */
  readonly begin: string;
  /** Ends a `select` that takes the row's lock; empty where the transaction holds it already. */
  readonly forUpdate: string;
  /** Ends a `select` that takes the locks of the rows that nobody else holds. */
  readonly forUpdateSkipLocked: string;
  /** Statements for inside a transaction: the first bounds its waiting for a lock, the second takes that back. */
  boundLockWait?(seconds: number): { readonly set: string; readonly reset?: string };
  /** The table's column names; empty when there is no such table. */
  columns(run: RunStatement, table: string, schema: string | undefined): Promise<string[]>;
  /** Creates the table if it is missing; may run in several processes at once. */
  createTable(run: RunStatement, table: string, schema: string | undefined): Promise<void>;
  /** What an error of the driver means. */
  classify(error: unknown): FailureKind;
}

export type DialectName = 'postgresql' | 'mysql' | 'mariadb' | 'sqlite';
