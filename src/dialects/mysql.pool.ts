import type { EventEmitter } from 'node:events';
import { promisify } from 'node:util';
import { ENDED, type ClientKind, type ConnectionPool } from './connection-pool.js';

/** The used part of mysql2's pool. */
interface MysqlPool extends EventEmitter {
  /** Whether it has ended. mysql2 has no public member for it. */
  readonly _closed?: boolean;
  getConnection(done: (error: unknown, connection: object) => void): void;
  /** Tells the pool from that of other drivers. */
  promise(): object;
}

/** The used part of a connection that the pool lends. */
interface PooledConnection {
  release(): void;
  destroy(): void;
}

/** The pool of mysql2, or of mysql2/promise. */
export const mysqlPool: ClientKind = {
  name: 'a pool of mysql2',
  isOne: (client) => isPool(poolIn(client)),
  flawIn: (client) => ((poolIn(client) as MysqlPool)._closed ? ENDED : undefined),
  open: (client) => opened(poolIn(client) as MysqlPool),
};

function opened(pool: MysqlPool): ConnectionPool {
  const getConnection = promisify<object>((done) => pool.getConnection(done));
  return {
    acquire: getConnection,
    release(connection, error) {
      const returned = connection as PooledConnection;
      if (error === undefined) returned.release();
      else returned.destroy();
    },
    events: { emitter: pool, acquired: 'acquire', released: 'release' },
  };
}

/** A pool of mysql2/promise contains the pool. */
function poolIn(client: object): unknown {
  return 'pool' in client ? client.pool : client;
}

function isPool(pool: unknown): boolean {
  if (typeof pool !== 'object' || pool === null) return false;
  const { getConnection, promise } = pool as Partial<MysqlPool>;
  return typeof getConnection === 'function' && typeof promise === 'function';
}
