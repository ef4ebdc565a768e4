/** What the requests of a race do. */
export type Scenario =
  /** Each sets a key of its own. */
  | 'keys'
  /** Each counts one visit, and puts one item in the cart. */
  | 'shop'
  /** Each sets a key of its own, and in the midst of them another request logs out. */
  | 'logout';

/** A race that somebody asks for. */
export interface RacePlan {
  readonly scenario: Scenario;
  /** How many requests are sent at once. */
  readonly requests: number;
  /** How long a handler takes on average, in ms: each takes between half and one and a half of it. */
  readonly wait: number;
  /** How many processes answer them, in turn. */
  readonly processes: number;
  /** How much longer each statement takes, in ms, as if the database were that far away. */
  readonly roundTrip: number;
}

/** The least, the most and the usual of each number of a plan. */
export const PLAN_LIMITS = {
  requests: { min: 2, max: 40, usual: 20 },
  wait: { min: 0, max: 2000, usual: 150 },
  processes: { min: 1, max: 4, usual: 2 },
  roundTrip: { min: 0, max: 100, usual: 10 },
} as const;

const SCENARIOS: readonly Scenario[] = ['keys', 'shop', 'logout'];

/** Makes a plan of a query: what is missing or no number is as usual, and what is out of bounds is moved into them. */
export function planOf(query: Readonly<Record<string, unknown>>): RacePlan {
  const number = (name: keyof typeof PLAN_LIMITS) => {
    const { min, max, usual } = PLAN_LIMITS[name];
    const given = Math.round(Number(query[name] ?? usual));
    return Number.isNaN(given) ? usual : Math.min(max, Math.max(min, given));
  };
  return {
    scenario: SCENARIOS.find((scenario) => scenario === query.scenario) ?? 'keys',
    requests: number('requests'),
    wait: number('wait'),
    processes: number('processes'),
    roundTrip: number('roundTrip'),
  };
}
