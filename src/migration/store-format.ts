import type { Dialect } from '../dialects/dialect.js';
import type { DialectName } from '../shared/dialect-name.js';

/** The format of another package's store: where it keeps its sessions, and how to read a row of its table. */
export interface StoreFormat {
  /** The name of the package. */
  readonly name: string;
  /** The databases that it supports. */
  readonly dialects: readonly DialectName[];
  /** The default name of its table. */
  readonly tableName: string;
  /** The column with the session ids, which are not hashed. */
  readonly keyColumn: string;
  readonly dataColumn: string;
  readonly expiryColumn: string;
  /** Returns the expression for the expiry as a time of the dialect, to compare with its `now`. */
  expiry(dialect: Dialect, column: string): string;
  /**
   * Reads the session in a row: its values and express-session's cookie.
   *
   * @param data as the driver gives it: text, or parsed already
   * @throws SyntaxError if it is no session
   */
  read(data: unknown): PreviousSession;
}

/** A session as express-session stores it. */
export interface PreviousSession {
  readonly cookie: object;
  readonly [key: string]: unknown;
}
