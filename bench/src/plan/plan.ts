import type { StoreDefinition } from '../stores/store-definition.js';
import { isRun, type Scenario } from './scenario.js';

/** A planned run. */
export interface PlannedRun {
  /** From 1. */
  readonly round: number;
  readonly scenario: Scenario;
  readonly store: StoreDefinition;
}

/** Runs that take turns, because they need the same rows in the tables and the same kind of surroundings. */
export interface Stage {
  /** The number of rows to fill the tables up to before; undefined to fill nothing. */
  readonly rows: number | undefined;
  readonly runs: readonly PlannedRun[];
}

/** Plans the runs. Within each round and scenario the stores take turns, and each round starts with another store. */
export function planStages(scenarios: readonly Scenario[], stores: readonly StoreDefinition[], rounds: number): Stage[] {
  const stages = [...new Set(scenarios.map(stageOf))];
  return stages.map((stage) => {
    const staged = scenarios.filter((scenario) => stageOf(scenario) === stage);
    return { rows: staged[0]!.rows, runs: planRounds(staged, stores, rounds) };
  });
}

/** The delays run in one stage, and so do the versions of Node. Each number of rows has its own. */
function stageOf({ roundTrip, node, rows }: Scenario): string {
  if (roundTrip !== undefined) return 'delay';
  return node === undefined ? `${rows} rows` : 'node';
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
  // A step that has no common factor with most lengths, so that the neighbours and the first store change in each round.
  const start = items.length === 0 ? 0 : (by * 5) % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
