import type { EventEmitter } from 'node:events';
import { ENDED, type ClientKind, type ConnectionPool } from './connection-pool.js';
import { UnusableClientError } from './unusable-client.js';
import { flawInUrl } from './url-schemes.js';

/** The used part of pg's pool. */
interface PgPool extends EventEmitter {
  readonly options: { readonly binary?: boolean; readonly connectionString?: unknown };
  readonly ending: boolean;
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
  flawIn: (client) => flawIn(client as PgPool),
  open: (client) => opened(client as PgPool),
};

/** pg reads binary values as texts first, so that it returns other numbers than the server has sent. */
const BINARY = ['its setting `binary` was given, with which pg reads wrong numbers', 'Leave `binary` out.'] as const;

function flawIn({ options, ending }: PgPool) {
  if (ending) return ENDED;
  const flaw = flawInUrl(options.connectionString, 'postgresql');
  if (flaw !== undefined) return [flaw, 'Give the URL of a PostgreSQL server, or a client of the other database.'] as const;
  return options.binary ? BINARY : undefined;
}

const BINARY_DEFAULT = '`pg.defaults.binary` is set, with which pg reads wrong numbers. Leave it out.';

const NATIVE = 'The pool lends clients of pg-native, which hides its connections. Give a `Pool` of pg itself.';

function opened(pool: PgPool): ConnectionPool {
  const errors = new IgnoredErrors(pool);
  return {
    async acquire() {
      const client = await pool.connect();
      refuseUnreadable(client);
      return client;
    },
    release(connection, error) {
      const returned = connection as PooledClient;
      errors.returned(returned);
      returned.release(error);
    },
    events: { emitter: pool, acquired: 'acquire', released: 'release' },
    openAlone: (open) => open(pool),
    close: () => errors.leave(),
  };
}

/**
 * Ignores the end of connections. Without a listener it would end the process. The pool opens another connection, and a statement
 * reports the error. The pool listens to its idle clients only. A client that it lends may end before the caller can listen.
 */
class IgnoredErrors {
  readonly #pool: PgPool;
  readonly #lent = new Set<PooledClient>();
  readonly #ignore = () => {};

  constructor(pool: PgPool) {
    this.#pool = pool;
    pool.on('error', this.#ignore).on('acquire', this.#acquired).on('release', this.#released).on('remove', this.returned);
  }

  readonly returned = (client: PooledClient) => {
    if (this.#lent.delete(client)) client.off('error', this.#ignore);
  };

  leave(): void {
    this.#pool.off('error', this.#ignore).off('acquire', this.#acquired).off('release', this.#released).off('remove', this.returned);
    for (const client of this.#lent) this.returned(client);
  }

  // Older versions of the pool do not tell when a client comes back.
  readonly #acquired = (client: PooledClient) => {
    if (this.#lent.has(client)) return;
    this.#lent.add(client);
    client.on('error', this.#ignore);
  };

  readonly #released = (_error: unknown, client: PooledClient) => this.returned(client);
}

/** Refuses what the pool's settings do not tell. */
function refuseUnreadable(client: PooledClient): void {
  const flaw = client.connection ? (client.binary ? BINARY_DEFAULT : undefined) : NATIVE;
  if (!flaw) return;
  client.release();
  throw new UnusableClientError(flaw);
}

function isPool(client: object): boolean {
  const { totalCount, connect } = client as Partial<PgPool>;
  return typeof totalCount === 'number' && typeof connect === 'function';
}
