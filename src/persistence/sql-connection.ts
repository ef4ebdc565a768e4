import type { Dialect, PrepareConnection } from '../dialects/dialect.js';
import type { RunStatement } from '../dialects/run-statement.js';

/** A connection to an SQL database, as this library uses it: MikroORM's without its unit of work, or an app's own client. */
export interface SqlConnection {
  /** Runs one autocommitted statement. */
  readonly run: RunStatement;
  /** Runs `work` with all its statements on one of the driver's connections. */
  onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result>;
  /** Calls `listener` for each of the driver's connections that the pool lends. Does nothing if the pool is unknown. */
  onAcquire(listener: (connection: object) => void): Promise<void>;
  /** Calls `listener` for each of the driver's connections that goes back to the pool. Does nothing if the pool is unknown. */
  onRelease(listener: (connection: object) => void): Promise<void>;
  /** Makes the pool close a connection: an idle one at once or before its next use, and one in use when it goes back to the pool. */
  discard(connection: object, isInUse: boolean): void;
  /**
   * Runs `prepare` before a connection is used. If `prepare` fails, the pool closes the connection. Does nothing if the pool is
   * unknown.
   */
  guard(prepare: PrepareConnection): Promise<void>;
  /**
   * Whether the sessions use a connection now, and not the app. The server may refuse writes of the app in a transaction that only
   * reads. Absent if that is unknown.
   */
  isLent?(connection: object): boolean;
  /**
   * Opens one more connection beside the pool, by a function that is given the driver's pool. Resolves to undefined if the pool is
   * unknown.
   */
  openAlone(open: (pool: object) => Promise<object>): Promise<object | undefined>;
  /** Calls `listener` when the sessions no longer use the pool. */
  onClose(listener: () => void): void;
  /** Ends the use of the pool, which stays open. */
  close(): Promise<void>;
}

/** The used part of a dialect. */
export type ConnectionDialect = Pick<Dialect, 'onConnection' | 'onClient' | 'guardPool' | 'discard'>;
