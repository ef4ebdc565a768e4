import { Agent } from 'node:http';
import { inParallel } from '../load/in-parallel.js';
import { percentile } from '../load/percentile.js';
import type { Distance } from '../relay/distance.js';
import { firstSave, type Operation } from './operations.js';
import { Visitor } from './visitor.js';

/** How many requests run at once. The figures are latencies, so the app must not be busy. */
export const CLIENTS = 4;

/** The number of requests before, in which the app compiles its code and opens its connections. */
const WARMING = 20;

/** The number of requests in which round trips are counted, one after the other. */
const COUNTED = 10;

/** What one operation costs in one store. */
export interface Cost {
  /** In ms. */
  readonly p50: number;
  readonly p99: number;
  /** Per request, if no other request runs. */
  readonly roundTrips: number;
}

/** Measures one operation. Each request uses a session of its own. */
export async function measure(origin: string, distance: Distance, operation: Operation, requests: number): Promise<Cost> {
  const agent = new Agent({ keepAlive: true });
  try {
    const visitors = await makeVisitors(origin, agent, operation, WARMING + COUNTED + requests);
    await inParallel(visitors.splice(0, WARMING), (visitor) => operation.run(visitor), CLIENTS);
    const before = await distance.roundTrips();
    for (const visitor of visitors.splice(0, COUNTED)) await operation.run(visitor);
    const roundTrips = ((await distance.roundTrips()) - before) / COUNTED;
    const times = await inParallel(visitors, (visitor) => operation.run(visitor), CLIENTS);
    const sorted = times.toSorted((one, other) => one - other);
    return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), roundTrips };
  } finally {
    agent.destroy();
  }
}

function makeVisitors(origin: string, agent: Agent, { hasSession }: Operation, count: number): Promise<Visitor[]> {
  return inParallel(Array.from({ length: count }), async () => {
    const visitor = new Visitor(origin, agent);
    if (hasSession) await firstSave(visitor);
    return visitor;
  });
}
