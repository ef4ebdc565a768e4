import { findStore, STORES } from '../stores/catalog.js';
import { findLosingRows, type LosingRow } from './losing-rows.js';
import type { Report } from './report.js';
import type { SummaryRow } from './summary.js';
import { range, table } from './table.js';

const RULE = 'A row of this library loses if a peer on the same database has more requests per second, or a lower p50, in every round.';

/** Returns the section of the rows in which this library is slower than a peer; nothing if no peer was measured. */
export function losingRows({ comparisons, summary, settings }: Pick<Report, 'comparisons' | 'summary' | 'settings'>): string[] {
  if (comparisons.length === 0) return [];
  const rows = findLosingRows(comparisons);
  const sure = rows.filter(({ loss }) => loss === 'every round');
  const unsure = rows.filter(({ loss }) => loss === 'median');
  const oneRound = settings.rounds === 1 ? ' This run had one round, so every difference counts.' : '';
  return [
    '## Losing rows',
    `${RULE} If several peers do, the table has the one with the greatest lead. The ratio is this library's figure divided by the peer's.${oneRound}`,
    sure.length === 0 ? 'No row loses.' : losingTable(sure, summary),
    ...(unsure.length === 0
      ? []
      : [
          '### Slower in the median only',
          'These rows are worse in the median of the rounds, but not in every round. The difference is within the spread of the run.',
          losingTable(unsure, summary),
        ]),
  ];
}

function losingTable(rows: readonly LosingRow[], summary: readonly SummaryRow[]): string {
  return table(
    ['ours', 'peer', 'scenario', 'figure', 'ratio', 'min … max', 'CPU µs/req', 'of the peer', 'of the driver alone'],
    rows.map(({ ours, peer, scenario, figure, ratio }) => [
      ours,
      peer,
      scenario,
      figure === 'p50' ? 'p50' : 'req/s',
      ratio.median.toFixed(2),
      range(ratio, 2),
      ...[ours, peer, driverOf(ours)].map((store) => cpuOf(summary, store, scenario)),
    ]),
  );
}

/** Returns the reference on the database of a store: the driver without sessions. */
function driverOf(ours: string): string | undefined {
  const { database } = findStore(ours);
  return STORES.find((store) => store.kind === 'reference' && store.database === database)?.id;
}

function cpuOf(summary: readonly SummaryRow[], store: string | undefined, scenario: string): string {
  return summary.find((row) => row.store === store && row.scenario === scenario)?.cpuPerRequest.median.toFixed(0) ?? '–';
}
