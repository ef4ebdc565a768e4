import type { Dialect } from '../dialects/dialect.js';
import type { DialectName } from '../shared/dialect-name.js';

/** A store of another package: where it keeps its sessions, and how a row of its table is read. */
export interface StoreFormat {
  /** The package. */
  readonly name: string;
  /** The databases it can be on. */
  readonly dialects: readonly DialectName[];
  /** The table's name where the app has given no other. */
  readonly tableName: string;
  /** The column of the session ids, as they are. */
  readonly keyColumn: string;
  readonly dataColumn: string;
  readonly expiryColumn: string;
  /** The expression for the expiry as a time of the dialect, to compare with its `now`. */
  expiry(dialect: Dialect, column: string): string;
  /**
   * The session in a row: its values, and express-session's cookie.
   *
   * @param data as the driver gives it: text, or parsed already
   * @throws SyntaxError when it is none
   */
  read(data: unknown): PreviousSession;
}

/** A session as express-session stores it. */
export interface PreviousSession {
  readonly cookie: object;
  readonly [key: string]: unknown;
}
