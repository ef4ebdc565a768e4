import type { RacePlan } from './race-plan.js';

/** A request of a race. */
export interface RaceRequest {
  readonly n: number;
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  /** The time of sending, in ms from the start. */
  readonly at: number;
}

/** The items that are put in the cart in turn. */
const SKUS = ['tea', 'honey', 'bread'];

/** Returns the requests of a race, which are the same for both sides. */
export function requestsOf({ scenario, requests, wait }: RacePlan): readonly RaceRequest[] {
  // Sorted by duration, so that the time lines are easy to read.
  const waits = Array.from({ length: requests }, () => Math.round(wait * (0.5 + Math.random()))).toSorted((a, b) => a - b);
  const all = waits.map((own, index): RaceRequest => {
    const n = index + 1;
    const path = scenario === 'shop' ? `/shop/${SKUS[index % SKUS.length]}` : `/tabs/${n}`;
    return { n, method: 'POST', path: `${path}?wait=${own}`, at: 0 };
  });
  // Sent before the first handler ends.
  if (scenario === 'logout') all.push({ n: requests + 1, method: 'DELETE', path: '/session', at: wait / 4 });
  return all;
}
