import type { EventEmitter } from 'node:events';
import { ENDED, type ClientKind, type ConnectionPool } from './connection-pool.js';
import { openTransaction } from './open-transaction.js';

/** The used part of a knex instance, which is a function. */
interface Knex {
  readonly client: KnexClient;
}

interface KnexClient {
  /** The package of the driver. */
  readonly driverName: string;
  /** Absent after `destroy`. */
  readonly pool?: EventEmitter;
  acquireConnection(): Promise<Lent>;
  /** Opens a connection that the pool does not know. */
  acquireRawConnection(): Promise<object>;
  releaseConnection(connection: object): Promise<void>;
}

/** The pool closes a connection that has this property, before it lends it again. */
interface Lent {
  __knex__disposed?: unknown;
  /** Present in better-sqlite3 only. */
  readonly inTransaction?: boolean;
}

/** A knex instance on one of these drivers, which are names of packages. */
export function knexOn(...drivers: readonly string[]): ClientKind {
  return {
    name: `knex on ${drivers.join(' or ')}`,
    isOne: (client) => isKnex(client) && drivers.includes(client.client.driverName),
    flawIn: (client) => ((client as Knex).client.pool ? undefined : ENDED),
    open: (client) => opened((client as Knex).client),
  };
}

function opened(knex: KnexClient): ConnectionPool {
  const discard = (connection: object, error: unknown = new Error('The server refuses writes.')) => {
    (connection as Lent).__knex__disposed = error;
  };
  return {
    async acquire() {
      const connection = await knex.acquireConnection();
      if (!connection.inTransaction) return connection;
      void knex.releaseConnection(connection);
      throw openTransaction();
    },
    release(connection, error) {
      if (error !== undefined) discard(connection, error);
      void knex.releaseConnection(connection);
    },
    events: { emitter: knex.pool!, acquired: 'acquireSuccess', released: 'release' },
    openAlone: () => knex.acquireRawConnection(),
    discard,
  };
}

function isKnex(client: object): client is Knex {
  // A transaction of knex has a client too.
  return (
    'client' in client &&
    !('isTransaction' in client && client.isTransaction) &&
    typeof (client.client as Partial<KnexClient> | undefined)?.acquireConnection === 'function'
  );
}
