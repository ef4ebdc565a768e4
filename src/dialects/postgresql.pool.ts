import type { EventEmitter } from 'node:events';
import type { ClientKind, ConnectionPool } from './connection-pool.js';

/** The used part of pg's pool. */
interface PgPool extends EventEmitter {
  readonly options: { readonly binary?: boolean };
  readonly totalCount: number;
  connect(): Promise<PooledClient>;
}

/** The used part of a client that the pool lends. */
interface PooledClient extends EventEmitter {
  /** Absent in clients of pg-native. */
  readonly connection?: object;
  readonly binary?: boolean;
  release(error?: unknown): void;
}

/** The pool of pg. */
export const pgPool: ClientKind = {
  name: 'a `pg.Pool`',
  isOne: isPool,
  flawIn: (client) => ((client as PgPool).options.binary ? BINARY : undefined),
  open: (client) => opened(client as PgPool),
};

/** pg reads binary values as texts first, so that it returns other numbers than the server has sent. */
const BINARY = ['its setting `binary` was given, with which pg reads wrong numbers', 'Leave `binary` out.'] as const;

const BINARY_DEFAULT = '`pg.defaults.binary` is set, with which pg reads wrong numbers. Leave it out.';

const NATIVE = 'The pool lends clients of pg-native, which hides its connections. Give a `Pool` of pg itself.';

function opened(pool: PgPool): ConnectionPool {
  // Without a listener, the end of an idle connection would end the process. The pool opens another one.
  pool.on('error', ignore);
  return {
    async acquire() {
      const client = await pool.connect();
      refuseUnreadable(client);
      // The pool has no listener while it lends the client. The statement reports the error.
      return client.on('error', ignore);
    },
    release(connection, error) {
      const returned = connection as PooledClient;
      returned.off('error', ignore);
      returned.release(error);
    },
    events: { emitter: pool, acquired: 'acquire', released: 'release' },
    close: () => void pool.off('error', ignore),
  };
}

/** Refuses what the pool's settings do not tell. */
function refuseUnreadable(client: PooledClient): void {
  const flaw = client.connection ? (client.binary ? BINARY_DEFAULT : undefined) : NATIVE;
  if (!flaw) return;
  client.release();
  throw new Error(flaw);
}

function isPool(client: object): boolean {
  const { totalCount, connect } = client as Partial<PgPool>;
  return typeof totalCount === 'number' && typeof connect === 'function';
}

function ignore(): void {}
