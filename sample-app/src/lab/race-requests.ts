import type { RacePlan } from './race-plan.js';

/** A request of a race. */
export interface RaceRequest {
  readonly n: number;
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  /** When it is sent, in ms from the start. */
  readonly at: number;
}

/** What is put in the cart, in turn. */
const SKUS = ['tea', 'honey', 'bread'];

/** The requests of a race, the same for both sides. */
export function requestsOf({ scenario, requests, wait }: RacePlan): readonly RaceRequest[] {
  // By how long they take, so that the time lines are easy to read.
  const waits = Array.from({ length: requests }, () => Math.round(wait * (0.5 + Math.random()))).toSorted((a, b) => a - b);
  const all = waits.map((own, index): RaceRequest => {
    const n = index + 1;
    const path = scenario === 'shop' ? `/shop/${SKUS[index % SKUS.length]}` : `/tabs/${n}`;
    return { n, method: 'POST', path: `${path}?wait=${own}`, at: 0 };
  });
  // Before the first handler is through.
  if (scenario === 'logout') all.push({ n: requests + 1, method: 'DELETE', path: '/session', at: wait / 4 });
  return all;
}
