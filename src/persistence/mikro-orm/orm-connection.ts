import type { Dialect, PrepareConnection } from '../../dialects/dialect.js';
import type { RunStatement } from '../../dialects/run-statement.js';

/** A connection of MikroORM's to an SQL database, as this library uses it: past the unit of work. */
export interface OrmConnection {
  /** Runs one autocommitted statement. */
  readonly run: RunStatement;
  /** Runs `work` with all its statements on one of the driver's connections. */
  onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result>;
  /** Tells of each of the driver's connections that the pool gives out; of none where the pool is not MikroORM's. */
  onAcquire(listener: (connection: object) => void): Promise<void>;
  /** Lets the pool give out each of the driver's connections only after `prepare`; none where the pool is not MikroORM's. One for which that fails is closed. */
  guard(prepare: PrepareConnection): Promise<void>;
}

/** What a connection asks of a dialect. */
export type ConnectionDialect = Pick<Dialect, 'onConnection' | 'onClient' | 'guardPool'>;
