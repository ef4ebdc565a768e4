import type { Connection } from '@mikro-orm/core';
import type { RunStatement } from '../dialects/run-statement.js';
import type { ConnectionDialect, OrmConnection } from './mikro-orm/orm-connection.js';
import { ormConnection } from './mikro-orm/versions.js';

/**
 * Runs statements on MikroORM's connection and bypasses its unit of work.
 *
 * @experimental A repository of the app may use it, as `DatabaseContext.runner`. Its constructor follows the versions of MikroORM.
 */
export class StatementRunner {
  readonly #find: () => Connection;
  readonly #dialect: ConnectionDialect | undefined;
  #found: Connection | undefined;
  #connection: OrmConnection | undefined;

  /**
   * @param connection finds MikroORM's connection at the first statement
   * @param dialect the connection's dialect; optional with MikroORM 7
   */
  constructor(connection: () => Connection, dialect?: ConnectionDialect) {
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

  /** Returns the current connection. MikroORM makes a new one at a reconnect. */
  #connected(): OrmConnection {
    const found = this.#find();
    if (!this.#connection || found !== this.#found) {
      this.#found = found;
      this.#connection = ormConnection(found, this.#dialect);
    }
    return this.#connection;
  }
}
