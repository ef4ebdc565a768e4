import type { Connection } from '@mikro-orm/core';
import type { RunStatement } from '../dialects/run-statement.js';
import type { ConnectionDialect, SqlConnection } from './sql-connection.js';
import { ormConnection } from './mikro-orm/versions.js';

/**
 * Runs statements on MikroORM's connection and bypasses its unit of work, or on the connection of an app's client.
 *
 * @experimental A repository of the app may use it, as `DatabaseContext.runner`. Its constructor follows the versions of MikroORM.
 */
export class StatementRunner {
  readonly #find: () => Connection | SqlConnection;
  readonly #dialect: ConnectionDialect | undefined;
  #found: Connection | SqlConnection | undefined;
  #connection: SqlConnection | undefined;

  /**
   * @param connection finds MikroORM's connection, or another one, at the first statement
   * @param dialect the connection's dialect; optional with MikroORM 7
   */
  constructor(connection: () => Connection | SqlConnection, dialect?: ConnectionDialect) {
    this.#find = connection;
    this.#dialect = dialect;
  }

  /** Runs one autocommitted statement, on the connection that MikroORM has now. */
  get run(): RunStatement {
    return this.#connected().run;
  }

  /** Runs `work` with all its statements on one connection. */
  onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    return this.#connected().onOneConnection(work);
  }

  /** Opens one more connection beside the pool: see `SqlConnection.openAlone`. */
  openAlone(open: (pool: object) => Promise<object>): Promise<object | undefined> {
    return this.#connected().openAlone(open);
  }

  /** Returns the current connection. MikroORM makes a new one at a reconnect. */
  #connected(): SqlConnection {
    const found = this.#find();
    if (!this.#connection || found !== this.#found) {
      this.#found = found;
      this.#connection = isMikroOrms(found) ? ormConnection(found, this.#dialect) : found;
    }
    return this.#connection;
  }
}

function isMikroOrms(connection: Connection | SqlConnection): connection is Connection {
  return !('onOneConnection' in connection);
}
