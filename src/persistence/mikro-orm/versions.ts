import { Utils, type Connection } from '@mikro-orm/core';
import type { Dialect } from '../../dialects/dialect.js';
import type { RunStatement } from '../../dialects/run-statement.js';
import { KnexConnection, inKnex, isByKnex } from './knex-connection.js';
import { KyselyConnection, inKysely, isByKysely, isKyselys } from './kysely-connection.js';
import type { ConnectionDialect, SqlConnection } from '../sql-connection.js';

// MikroORM 7 runs statements through Kysely, 6.6 through knex. Only this folder knows which one is in use.

/**
 * Returns the connection of MikroORM's installed version.
 *
 * @param connection MikroORM's
 * @param dialect optional with MikroORM 7, where SQLite is slower without it
 * @throws TypeError for a connection that is not to an SQL database
 */
export function ormConnection(connection: Connection, dialect?: ConnectionDialect): SqlConnection {
  if (isByKysely(connection)) return new KyselyConnection(connection, dialect);
  if (isByKnex(connection)) return new KnexConnection(connection, dialect);
  throw new TypeError(
    `${connection.constructor.name} runs no SQL statements. Use a driver of MikroORM 7.2, or of 6.6, for an SQL database.`,
  );
}

/** Returns the version of the installed MikroORM. All its packages must have the same. */
export function ormVersion(): string {
  return Utils.getORMVersion();
}

/** Runs statements in a transaction of MikroORM. */
export function statementsIn(transaction: object, dialect: ConnectionDialect): RunStatement {
  return isKyselys(transaction) ? inKysely(transaction) : inKnex(transaction, dialect);
}

/**
 * Returns the driver's options that limit, in ms, how long it takes to open a connection or to wait for one. They also end a
 * connection after this much silence if `endSilentConnections` cannot.
 */
export function boundOptions(dialect: Dialect | undefined, ms: number): object {
  const bounds = dialect?.boundConnecting?.(ms);
  if (!Utils.getORMVersion().startsWith('6.')) return { ...bounds };
  return { acquireConnectionTimeout: ms, connection: { ...bounds, ...dialect?.boundSilence?.(ms) } };
}

/**
 * Whether a driver's package fits the core. Each of MikroORM's drivers exports the core that it uses. In a workspace, an app without
 * the driver may find that of another app.
 */
export function isOfCore(driver: { readonly Utils?: typeof Utils }): boolean {
  return driver.Utils === undefined || driver.Utils.getORMVersion() === Utils.getORMVersion();
}
