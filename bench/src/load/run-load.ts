import { setTimeout as sleep } from 'node:timers/promises';
import autocannon, { type Client } from 'autocannon';
import { planClients } from './client-plan.js';
import { SlotClient, type Operation } from './client.js';
import { percentile } from './percentile.js';
import type { SessionPool } from './session-pool.js';

/** The load of a run. */
export interface Load {
  readonly operation: Operation;
  readonly connections: number;
  /** The number of the pool's sessions in use. */
  readonly sessions: number;
}

/** The result of a run. */
export interface LoadResult {
  /** The requests that were answered in time. */
  readonly requests: number;
  /** All requests, including those that ran at the end and were waited for. */
  readonly sent: number;
  readonly seconds: number;
  /** In ms. */
  readonly p50: number;
  readonly p99: number;
  /** Answers other than 2xx, broken connections and timeouts. */
  readonly errors: number;
  /** The share of one core that the clients used. */
  readonly clientLoad: number;
}

/** How often the clients check whether the time is over, in ms. */
const CLOCK = 20;

/** In seconds. `runLoad` ends the run itself. */
const FOREVER = 3600;

/** In ms. An idle app has accepted all connections by then. */
const CONNECTING = 80;

/** Sends requests for this many seconds. */
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

/** In ms. A request without an answer is abandoned after this time. */
const PATIENCE = 10_000;

/** Waits for running requests. An abandoned write may take effect after its slot was checked. It would then look like a lost update. */
async function allAnswered(clients: readonly SlotClient[]): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (clients.some(({ isWaiting }) => isWaiting) && performance.now() < end) await sleep(CLOCK);
}

interface HeldClient {
  /** Lets the client send its requests, one after the other. */
  release(): void;
  /** Stops the client. */
  hold(): void;
}

/**
 * Delays a client's first request. Node accepts one new connection in each turn of its event loop. A busy app would not have
 * accepted the last ones by the end of the run.
 */
function hold(client: Client): HeldClient {
  const sending = client as Client & { _doRequest?: () => void };
  const send = sending._doRequest;
  if (!send) throw new Error('This version of autocannon is not supported: its client has no method to send a request.');
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
