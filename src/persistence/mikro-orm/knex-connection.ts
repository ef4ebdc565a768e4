import type { EventEmitter } from 'node:events';
import type { Connection } from '@mikro-orm/core';
import type { PrepareConnection } from '../../dialects/dialect.js';
import { PoolGuards } from '../../dialects/pool-guards.js';
import type { RunStatement } from '../../dialects/run-statement.js';
import { PoolUser } from '../pool-user.js';
import type { ConnectionDialect, SqlConnection } from '../sql-connection.js';

/** The used part of a connection of MikroORM 6.6. Its package, @mikro-orm/knex, does not exist for MikroORM 7. */
type KnexOwner = Connection & { getKnex(): { readonly client: KnexClient } };

interface KnexClient {
  readonly pool: EventEmitter;
  acquireConnection(): Promise<Lent>;
  /** Opens a connection that the pool does not know. */
  acquireRawConnection(): Promise<object>;
  releaseConnection(connection: object): Promise<void>;
}

/** One of the driver's connections, lent by the pool. */
interface Lent {
  /** The pool closes a connection that has this property, before it lends it again. */
  __knex__disposed?: unknown;
}

/** Whether a connection is one of MikroORM 6.6. */
export function isByKnex(connection: Connection): connection is KnexOwner {
  return 'getKnex' in connection;
}

/** Runs statements in a transaction of MikroORM 6.6. Its client always lends the connection of the transaction. */
export function inKnex(transaction: object, dialect: ConnectionDialect): RunStatement {
  const { client } = transaction as { readonly client: KnexClient };
  return async (sql, parameters) => dialect.onConnection(await client.acquireConnection())(sql, parameters);
}

const GUARDS = new PoolGuards<KnexClient>((client, prepare) => {
  const acquire = client.acquireConnection.bind(client);
  client.acquireConnection = async () => {
    const connection = await acquire();
    try {
      await prepare(connection);
    } catch (error) {
      connection.__knex__disposed = error;
      await client.releaseConnection(connection);
      throw error;
    }
    return connection;
  };
});

/**
 * The connection of MikroORM 6.6. Only the pool of knex is used, and statements run on the driver's connections. knex accepts
 * parameters in one form for all databases, and writes their values into its errors.
 */
export class KnexConnection extends PoolUser implements SqlConnection {
  readonly #connection: KnexOwner;
  readonly #dialect: ConnectionDialect;

  /** @throws TypeError without a dialect */
  constructor(connection: KnexOwner, dialect: ConnectionDialect | undefined) {
    super();
    if (!dialect) throw new TypeError('MikroORM 6 needs a dialect to run statements on its driver. Give one.');
    this.#connection = connection;
    this.#dialect = dialect;
  }

  readonly run: RunStatement = (sql, parameters) => this.onOneConnection((run) => run(sql, parameters));

  async onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    await this.#connection.ensureConnection();
    const { client } = this.#connection.getKnex();
    const lent = await client.acquireConnection();
    try {
      return await work(this.#dialect.onConnection(lent));
    } finally {
      await client.releaseConnection(lent);
    }
  }

  async guard(prepare: PrepareConnection): Promise<void> {
    await this.#connection.ensureConnection();
    this.onClose(GUARDS.add(this.#connection.getKnex().client, prepare));
  }

  async onAcquire(listener: (connection: object) => void): Promise<void> {
    await this.#connection.ensureConnection();
    this.listen(this.#connection.getKnex().client.pool, 'acquireSuccess', listener);
  }

  async onRelease(listener: (connection: object) => void): Promise<void> {
    await this.#connection.ensureConnection();
    this.listen(this.#connection.getKnex().client.pool, 'release', listener);
  }

  async openAlone(): Promise<object> {
    await this.#connection.ensureConnection();
    return this.#connection.getKnex().client.acquireRawConnection();
  }

  discard(connection: Lent): void {
    connection.__knex__disposed = new Error('The server refuses writes.');
  }
}
