import autocannon from 'autocannon';
import { planClients } from './client-plan.js';
import { SlotClient, type Operation } from './client.js';
import { percentile } from './percentile.js';
import type { SessionPool } from './session-pool.js';

/** What a run's load is. */
export interface Load {
  readonly operation: Operation;
  readonly connections: number;
  /** How many of the pool's sessions are used. */
  readonly sessions: number;
}

/** What came of it. */
export interface LoadResult {
  /** Answered requests. */
  readonly requests: number;
  /** Requests, answered or not: those under way at the end are processed too. */
  readonly sent: number;
  readonly seconds: number;
  /** In ms. */
  readonly p50: number;
  readonly p99: number;
  /** Answers other than 2xx, broken connections and timeouts. */
  readonly errors: number;
  /** The share of one core that the clients themselves needed. */
  readonly clientLoad: number;
}

/** How often the clients look whether the time is over, in ms. */
const CLOCK = 20;

/** Sends requests for so many seconds. */
export async function runLoad(pool: SessionPool, { operation, connections, sessions }: Load, seconds: number): Promise<LoadResult> {
  const ledger = pool.checks ? pool.ledger : undefined;
  const clients = planClients(connections, pool.cookies.slice(0, sessions)).map((plan) => new SlotClient(plan, operation, ledger));
  const times: number[] = [];
  const waiting = [...clients];
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      { url: pool.origin, connections, duration: seconds, sampleInt: CLOCK, setupClient: (client) => waiting.shift()?.drive(client) },
      (error: unknown, done) => (error ? reject(error as Error) : resolve(done)),
    );
    instance.on('response', (_client, _status, _bytes, responseTime) => times.push(responseTime));
  });
  const elapsed = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  for (const client of clients) client.end();
  return {
    ...latencies(times),
    requests: times.length,
    sent: clients.reduce((sum, client) => sum + client.sent, 0),
    seconds: elapsed,
    errors: result.errors + clients.reduce((sum, { refused }) => sum + refused, 0),
    clientLoad: (user + system) / 1e6 / elapsed,
  };
}

function latencies(times: readonly number[]): Pick<LoadResult, 'p50' | 'p99'> {
  const sorted = Float64Array.from(times).toSorted();
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}
