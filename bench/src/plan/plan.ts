import type { StoreDefinition } from '../stores/store-definition.js';
import { isRun, type Scenario } from './scenario.js';

/** One run to do. */
export interface PlannedRun {
  /** From 1. */
  readonly round: number;
  readonly scenario: Scenario;
  readonly store: StoreDefinition;
}

/** Runs that see the same tables. */
export interface Stage {
  /** What the tables are filled up to before; undefined for not at all. */
  readonly rows: number | undefined;
  readonly runs: readonly PlannedRun[];
}

/** Plans the runs: within each round the stores take turns in each scenario, each round beginning with another. */
export function planStages(scenarios: readonly Scenario[], stores: readonly StoreDefinition[], rounds: number): Stage[] {
  const fillings = [...new Set(scenarios.map(({ rows }) => rows))];
  return fillings.map((rows) => ({
    rows,
    runs: planRounds(
      scenarios.filter((scenario) => scenario.rows === rows),
      stores,
      rounds,
    ),
  }));
}

function planRounds(scenarios: readonly Scenario[], stores: readonly StoreDefinition[], rounds: number): PlannedRun[] {
  return Array.from({ length: rounds }, (_, index) => index + 1).flatMap((round) =>
    scenarios.flatMap((scenario) => {
      const running = stores.filter((store) => isRun(scenario, store));
      return rotate(running, round - 1).map((store) => ({ round, scenario, store }));
    }),
  );
}

function rotate<Item>(items: readonly Item[], by: number): Item[] {
  // A step that shares no factor with most lengths, so that neighbours change too little to matter, and the first one always.
  const start = items.length === 0 ? 0 : (by * 5) % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
