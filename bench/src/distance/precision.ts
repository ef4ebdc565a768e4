import pg from 'pg';
import { createConnection } from 'mysql2/promise';
import { percentile } from '../load/percentile.js';
import type { SqlServer } from '../servers/addresses.js';
import type { DistantDatabase } from './plan.js';

/** How long `select 1` takes at a distance, with the driver alone, in ms. */
export interface Precision {
  readonly p50: number;
  readonly p99: number;
}

const QUERIES = 200;

/** Measures the distance itself: one connection, one query after the other. */
export async function measurePrecision(database: DistantDatabase, server: SqlServer): Promise<Precision> {
  const { query, end } = database === 'postgresql' ? await openPostgreSql(server) : await openMySql(server);
  const times: number[] = [];
  try {
    await query();
    for (let n = 0; n < QUERIES; n++) {
      const start = performance.now();
      await query();
      times.push(performance.now() - start);
    }
  } finally {
    await end();
  }
  const sorted = times.toSorted((one, other) => one - other);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}

async function openPostgreSql(server: SqlServer) {
  const client = new pg.Client(server);
  await client.connect();
  return { query: () => client.query('select 1'), end: () => client.end() };
}

async function openMySql(server: SqlServer) {
  const connection = await createConnection(server);
  return { query: () => connection.query('select 1'), end: () => connection.end() };
}
