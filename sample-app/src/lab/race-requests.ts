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
  const all = Array.from({ length: requests }, (_, index): RaceRequest => {
    const n = index + 1;
    const path = scenario === 'shop' ? `/shop/${SKUS[index % SKUS.length]}` : `/tabs/${n}`;
    return { n, method: 'POST', path: `${path}?wait=${Math.round(wait * (0.5 + Math.random()))}`, at: 0 };
  });
  // Before the first handler is through.
  if (scenario === 'logout') all.push({ n: requests + 1, method: 'DELETE', path: '/session', at: wait / 4 });
  return all;
}
