import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseName } from '../stores/store-definition.js';
import type { Addresses } from './addresses.js';
import { prepareMariaDb, prepareMySql } from './mysql.js';
import { preparePostgreSql } from './postgresql.js';
import { prepareRedis } from './redis.js';
import type { Server } from './server.js';

/** All servers that the stores need. Created at the benchmark's start and removed at its end. */
export interface Servers {
  readonly addresses: Addresses;
  /** By database. */
  readonly versions: Readonly<Record<string, string>>;
  /** The databases that do not answer, with the reasons. */
  readonly missing: ReadonlyMap<DatabaseName, string>;
  stop(): Promise<void>;
}

/** Prepares the servers of these databases. */
export async function prepareServers(databases: ReadonlySet<DatabaseName>): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), 'smart-session-bench-'));
  const missing = new Map<DatabaseName, string>();
  const prepared: Server<unknown>[] = [];
  const prepare = async <Address>(database: DatabaseName, make: () => Promise<Server<Address>>): Promise<Server<Address> | undefined> => {
    if (!databases.has(database)) return undefined;
    try {
      const server = await make();
      prepared.push(server);
      return server;
    } catch (error) {
      missing.set(database, reasonOf(error));
      return undefined;
    }
  };
  const postgresql = await prepare('postgresql', preparePostgreSql);
  const mariadb = await prepare('mariadb', prepareMariaDb);
  const mysql = await prepare('mysql', prepareMySql);
  const redis = await prepare('redis', () => prepareRedis(folder));
  const found = { postgresql: postgresql?.version, mariadb: mariadb?.version, mysql: mysql?.version, redis: redis?.version };
  return {
    addresses: {
      folder,
      redis: redis?.address ?? {},
      ...(postgresql && { postgresql: postgresql.address }),
      ...(mariadb && { mariadb: mariadb.address }),
      ...(mysql && { mysql: mysql.address }),
    },
    versions: Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    missing,
    stop: async () => {
      await Promise.allSettled(prepared.map((server) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return message || code || String(error);
}
