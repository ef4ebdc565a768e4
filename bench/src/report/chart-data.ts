import { SCENARIOS, type Scenario } from '../plan/scenario.js';
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

/** Returns how a figure depends on the property that varies between scenarios. Stores with only one point are left out. */
export function linesOf(
  summary: readonly SummaryRow[],
  operation: Scenario['operation'],
  along: 'connections' | 'bytes' | 'rows',
  figure: 'p50' | 'cpuPerRequest' | 'requestsPerSecond',
): ChartLine[] {
  const scenarios = SCENARIOS.filter((scenario) => scenario.operation === operation && scenario.sessions > 1 && belongs(scenario, along));
  return STORES.flatMap((store) => {
    const points = scenarios.flatMap(({ name, [along]: x }) => {
      const row = summary.find((candidate) => candidate.store === store.id && candidate.scenario === name);
      return row && x !== undefined ? [[x, row[figure].median] as const] : [];
    });
    return points.length < 2 ? [] : [{ store, points: points.toSorted(([left], [right]) => left - right) }];
  });
}

/** Whether a scenario belongs to a chart. The core's read and write are points of the sizes and connections too. */
function belongs({ group }: Scenario, along: 'connections' | 'bytes' | 'rows'): boolean {
  if (along === 'rows') return group === 'growth';
  return group === 'core' || group === (along === 'bytes' ? 'sizes' : 'connections');
}
