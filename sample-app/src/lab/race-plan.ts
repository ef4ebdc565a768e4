import { plainStore } from './plain-stores/index.js';

/** The work of a race's requests. */
export type Scenario =
  /** Each sets its own key. */
  | 'keys'
  /** Each counts one visit and puts one item in the cart. */
  | 'shop'
  /** Each sets its own key, and another request logs out while they run. */
  | 'logout';

/** The settings of a race. */
export interface RacePlan {
  readonly scenario: Scenario;
  /** The name of the plain store. */
  readonly store: string;
  /** The number of requests sent at once. */
  readonly requests: number;
  /** The average time of a handler, in ms. Each takes between 0.5 and 1.5 times as long. */
  readonly wait: number;
  /** The number of processes that answer them in turn. It is 1 with a plain store that processes cannot share. */
  readonly processes: number;
  /** The additional time of each statement, in ms, which simulates a distant database. */
  readonly roundTrip: number;
}

/** The minimum, the maximum and the default of each number in a plan. */
export const PLAN_LIMITS = {
  requests: { min: 2, max: 40, usual: 20 },
  wait: { min: 0, max: 2000, usual: 150 },
  processes: { min: 1, max: 4, usual: 2 },
  roundTrip: { min: 0, max: 100, usual: 10 },
} as const;

const SCENARIOS: readonly Scenario[] = ['keys', 'shop', 'logout'];

/** Makes a plan from a query. A missing or invalid number becomes the default, and others are limited to the range. */
export function planOf(query: Readonly<Record<string, unknown>>): RacePlan {
  const number = (name: keyof typeof PLAN_LIMITS) => {
    const { min, max, usual } = PLAN_LIMITS[name];
    const given = Math.round(Number(query[name] ?? usual));
    return Number.isNaN(given) ? usual : Math.min(max, Math.max(min, given));
  };
  const { name: store, isShared } = plainStore(query.store);
  return {
    store,
    scenario: SCENARIOS.find((scenario) => scenario === query.scenario) ?? 'keys',
    requests: number('requests'),
    wait: number('wait'),
    processes: isShared ? number('processes') : 1,
    roundTrip: number('roundTrip'),
  };
}
