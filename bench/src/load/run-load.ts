import { setTimeout as sleep } from 'node:timers/promises';
import autocannon, { type Client } from 'autocannon';
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
  /** Requests that were answered in time. */
  readonly requests: number;
  /** Requests, those under way at the end too: their answers were waited for. */
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

/** In s: the run is over when `runLoad` says so. */
const FOREVER = 3600;

/** In ms: an idle app has taken all connections by then. */
const CONNECTING = 80;

/** Sends requests for so many seconds. */
export async function runLoad(pool: SessionPool, { operation, connections, sessions }: Load, seconds: number): Promise<LoadResult> {
  const ledger = pool.checks ? pool.ledger : undefined;
  const clients = planClients(connections, pool.cookies.slice(0, sessions)).map((plan) => new SlotClient(plan, operation, ledger));
  const times: number[] = [];
  const held: HeldClient[] = [];
  const { instance, done } = startInstance(pool.origin, connections, (client) => {
    clients[held.length]?.drive(client);
    held.push(hold(client));
  });
  instance.on('response', (_client, _status, _bytes, responseTime) => times.push(responseTime));
  await sleep(CONNECTING);
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  for (const client of held) client.release();
  await sleep(seconds * 1000);
  for (const client of held) client.hold();
  const elapsed = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const inTime = times.slice();
  await allAnswered(clients);
  instance.stop?.();
  const { errors } = await done;
  for (const client of clients) client.end();
  return {
    ...latencies(inTime),
    requests: inTime.length,
    sent: clients.reduce((sum, client) => sum + client.sent, 0),
    seconds: elapsed,
    errors: errors + clients.reduce((sum, { refused }) => sum + refused, 0),
    clientLoad: (user + system) / 1e6 / elapsed,
  };
}

function startInstance(origin: string, connections: number, setupClient: (client: Client) => void) {
  let settle!: (error: unknown, result: autocannon.Result) => void;
  const done = new Promise<autocannon.Result>((resolve, reject) => {
    settle = (error, result) => (error ? reject(error as Error) : resolve(result));
  });
  const instance = autocannon({ url: origin, connections, duration: FOREVER, sampleInt: CLOCK, setupClient }, (error: unknown, result) =>
    settle(error, result),
  );
  return { instance, done };
}

/** In ms: then what has no answer is given up. */
const PATIENCE = 10_000;

/**
 * Waits for what is under way. A write that is given up may take effect when its slot has been looked at: what
 * stands there then would look like a lost update.
 */
async function allAnswered(clients: readonly SlotClient[]): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (clients.some(({ isWaiting }) => isWaiting) && performance.now() < end) await sleep(CLOCK);
}

interface HeldClient {
  /** Lets the client send one request after the other. */
  release(): void;
  /** Lets it send no more. */
  hold(): void;
}

/**
 * Keeps a client from sending its first request. Node takes one new connection in a turn of its event
 * loop: an app that works through requests at once would not have taken the last ones when the run ends.
 */
function hold(client: Client): HeldClient {
  const sending = client as Client & { _doRequest?: () => void };
  const send = sending._doRequest;
  if (!send) throw new Error('This version of autocannon sends its requests in another way.');
  const held: HeldClient = {
    release: () => {
      sending._doRequest = send;
      send.call(sending);
    },
    hold: () => {
      sending._doRequest = () => {};
    },
  };
  held.hold();
  return held;
}

function latencies(times: readonly number[]): Pick<LoadResult, 'p50' | 'p99'> {
  const sorted = Float64Array.from(times).toSorted();
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}
