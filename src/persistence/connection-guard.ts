import type { Dialect } from '../dialects/dialect.js';
import { SessionDatabaseError } from '../smart-session.errors.js';
import { requireAll } from './database-requirements.js';
import { OpenConnections } from './open-connections.js';
import type { SqlConnection } from './sql-connection.js';

/**
 * Sets and checks each connection of a pool before its first use. The pool may be the app's. The server's settings may
 * have changed, or another server may have taken over. If the app changes a setting, it is set again before the next use.
 *
 * @throws SessionDatabaseError if a hook of the app changes the settings, or the database cannot keep sessions
 */
export async function guardConnections(connection: SqlConnection, dialect: Dialect): Promise<void> {
  const { connectionRequirements } = dialect;
  if (!connectionRequirements) return;
  const guard = new ConnectionGuard(dialect, connectionRequirements);
  const open: OpenConnections = new OpenConnections(connection, dialect, (opened) =>
    guard.watch(opened, () => {
      if (connection.isLent?.(opened) ?? true) open.closeAll();
    }),
  );
  await connection.onAcquire((lent) => open.acquired(lent));
  await connection.onRelease((returned) => open.released(returned));
  connection.onClose(() => open.leave());
  await connection.guard((lent) => {
    // mysql2's pool reports no connection that goes from one caller to the next.
    open.acquired(lent);
    return guard.prepare(lent);
  });
  await connection.onOneConnection((run) => requireAll(run, connectionRequirements));
}

class ConnectionGuard {
  readonly #dialect: Dialect;
  readonly #requirements: NonNullable<Dialect['connectionRequirements']>;
  readonly #watched = new WeakSet<object>();
  readonly #ready = new WeakSet<object>();
  #database: unknown;

  constructor(dialect: Dialect, requirements: NonNullable<Dialect['connectionRequirements']>) {
    this.#dialect = dialect;
    this.#requirements = requirements;
  }

  /** Begins to watch a connection, unless it is watched. Returns how to end that. */
  watch(connection: object, refusesWrites: () => void): (() => void) | undefined {
    if (this.#watched.has(connection)) return undefined;
    this.#watched.add(connection);
    return this.#dialect.watchConnection?.(connection, { spoiled: () => this.#ready.delete(connection), refusesWrites });
  }

  prepare(connection: object): Promise<void> | undefined {
    if (this.#dialect.hasTransaction?.(connection)) return this.#endTransaction(connection);
    return this.#ready.has(connection) ? undefined : this.#makeReady(connection);
  }

  /** The app gave the connection back inside a transaction. A commit would be part of it, and could be rolled back. */
  async #endTransaction(connection: object): Promise<void> {
    await this.#dialect.onConnection(connection)(this.#dialect.rollback);
    if (!this.#ready.has(connection)) await this.#makeReady(connection);
  }

  async #makeReady(connection: object): Promise<void> {
    const run = this.#dialect.onConnection(connection);
    if (this.#dialect.connectionSettings !== undefined) await run(this.#dialect.connectionSettings);
    const { current_database: database } = await requireAll(run, this.#requirements);
    this.#database ??= database;
    if (database !== this.#database) throw otherDatabase(database, this.#database);
    this.#ready.add(connection);
  }
}

function otherDatabase(database: unknown, first: unknown): SessionDatabaseError {
  return new SessionDatabaseError(
    'current_database',
    String(database),
    `sessions would be stored in it, not in ${String(first)}`,
    'Connect the whole pool to one database.',
  );
}
