import type { Dialect, PrepareConnection } from '../../dialects/dialect.js';
import type { RunStatement } from '../../dialects/run-statement.js';

/** MikroORM's connection to an SQL database, as this library uses it: without the unit of work. */
export interface OrmConnection {
  /** Runs one autocommitted statement. */
  readonly run: RunStatement;
  /** Runs `work` with all its statements on one of the driver's connections. */
  onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result>;
  /** Calls `listener` for each of the driver's connections that the pool lends. Does nothing if the pool is not MikroORM's. */
  onAcquire(listener: (connection: object) => void): Promise<void>;
  /** Calls `listener` for each of the driver's connections that goes back to the pool. Does nothing if the pool is not MikroORM's. */
  onRelease(listener: (connection: object) => void): Promise<void>;
  /** Makes the pool close a connection: an idle one at once or before its next use, and one in use when it goes back to the pool. */
  discard(connection: object, isInUse: boolean): void;
  /**
   * Makes the pool run `prepare` before it lends a connection. If `prepare` fails, the pool closes the connection. Does nothing
   * if the pool is not MikroORM's.
   */
  guard(prepare: PrepareConnection): Promise<void>;
}

/** The used part of a dialect. */
export type ConnectionDialect = Pick<Dialect, 'onConnection' | 'onClient' | 'guardPool' | 'discard'>;
