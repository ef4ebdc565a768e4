import { SCENARIOS, USUAL_CONNECTIONS, type Scenario } from '../plan/scenario.js';
import { STORES } from '../stores/catalog.js';
import type { DatabaseName, StoreDefinition } from '../stores/store-definition.js';
import type { Spread } from './statistics.js';
import type { SummaryRow } from './summary.js';

/** A row of a bar chart: a database's name, or the bar of a store below it. */
export type ChartBar =
  | { readonly heading: string }
  | { readonly store: StoreDefinition; readonly value: Spread; readonly lost: number; readonly acknowledged: number };

/** A store's line in a line chart. */
export interface ChartLine {
  readonly store: StoreDefinition;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Leaves out Nest alone, which would make all stores look the same. The tables contain it. */
const HEADINGS: Readonly<Record<Exclude<DatabaseName, 'none'>, string>> = {
  postgresql: 'PostgreSQL',
  mariadb: 'MariaDB',
  mysql: 'MySQL',
  sqlite: 'SQLite',
  redis: 'Redis',
  memory: 'In memory',
};

/** Returns a scenario's throughputs, grouped by database, the fastest first in each group. */
export function throughputBars(summary: readonly SummaryRow[], scenario: string): ChartBar[] {
  const rows = summary.filter((row) => row.scenario === scenario);
  return (Object.keys(HEADINGS) as (keyof typeof HEADINGS)[]).flatMap((database) => {
    const bars = STORES.filter((store) => store.database === database).flatMap((store) => {
      const row = rows.find((candidate) => candidate.store === store.id);
      return row ? [{ store, value: row.requestsPerSecond, lost: row.lost, acknowledged: row.acknowledged }] : [];
    });
    const sorted = bars.toSorted((left, right) => right.value.median - left.value.median);
    return sorted.length === 0 ? [] : [{ heading: HEADINGS[database] }, ...sorted];
  });
}

/** The properties that vary between scenarios: which scenarios are points of a line, and where on the axis they are. */
const DIMENSIONS = {
  connections: { has: ({ group }) => group === 'core' || group === 'connections', x: ({ connections }) => connections },
  bytes: { has: ({ group }) => group === 'core' || group === 'sizes', x: ({ bytes }) => bytes },
  rows: { has: ({ group }) => group === 'growth', x: ({ rows }) => rows },
  distance: { has: (scenario) => isAtDistance(scenario, USUAL_CONNECTIONS), x: ({ roundTrip = 0 }) => roundTrip },
  distanceOfOne: { has: (scenario) => isAtDistance(scenario, 1), x: ({ roundTrip = 0 }) => roundTrip },
  node: { has: ({ group }) => group === 'node', x: ({ node }) => node },
} satisfies Readonly<Record<string, { has(scenario: Scenario): boolean; x(scenario: Scenario): number | undefined }>>;

/** The name of a property that varies between scenarios. */
export type Dimension = keyof typeof DIMENSIONS;

/** Returns how a figure of the main stores depends on a property. Stores with only one point are left out. */
export function linesOf(
  summary: readonly SummaryRow[],
  operation: Scenario['operation'],
  dimension: Dimension,
  figure: 'p50' | 'cpuPerRequest' | 'requestsPerSecond',
): ChartLine[] {
  const { has, x: xOf } = DIMENSIONS[dimension];
  const scenarios = SCENARIOS.filter((scenario) => scenario.operation === operation && scenario.sessions > 1 && has(scenario));
  return STORES.filter(({ isMain }) => isMain).flatMap((store) => {
    const points = scenarios.flatMap((scenario) => {
      const row = summary.find((candidate) => candidate.store === store.id && candidate.scenario === scenario.name);
      const x = xOf(scenario);
      return row && x !== undefined ? [[x, row[figure].median] as const] : [];
    });
    return points.length < 2 ? [] : [{ store, points: points.toSorted(([left], [right]) => left - right) }];
  });
}

/** Whether a scenario is a point of the distances. Those of the core and the connections are at 0 ms, without a relay. */
function isAtDistance({ group, connections }: Scenario, wanted: number): boolean {
  return connections === wanted && (group === 'delay' || group === 'core' || group === 'connections');
}
