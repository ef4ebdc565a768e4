import type { Failure, RunRecord } from '../plan/run-record.js';
import type { Settings } from '../plan/settings.js';
import { POOL_SIZE } from '../servers/addresses.js';
import { findStore } from '../stores/catalog.js';
import { BARS, measureBars, type MeasuredBar } from './bars.js';
import type { Machine } from './machine.js';
import { compareWithPeers, type PeerComparison } from './peer-comparison.js';
import { roundFigures } from './stored-results.js';
import { summarize, type SummaryRow } from './summary.js';

/** The results of a benchmark, as stored in `benchmark.json`. */
export interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: {
    readonly isQuick: boolean;
    readonly rounds: number;
    readonly secondsPerRun: number;
    readonly secondsOfWarmUp: number;
    readonly connectionsPerPool: number;
  };
  /** The reasons why stores were left out. */
  readonly skipped: readonly string[];
  readonly failures: readonly Failure[];
  readonly runs: readonly RunRecord[];
}

/** The results, with what is computed from them. */
export interface Report extends Results {
  readonly bars: readonly MeasuredBar[];
  readonly summary: readonly SummaryRow[];
  readonly comparisons: readonly PeerComparison[];
}

/** Collects the results of a benchmark that has ended now. */
export function collectResults(
  settings: Settings,
  machine: Machine,
  skipped: readonly string[],
  runs: readonly RunRecord[],
  failures: readonly Failure[],
): Results {
  return {
    date: new Date().toISOString(),
    machine,
    settings: {
      isQuick: settings.isQuick,
      rounds: settings.rounds,
      secondsPerRun: settings.durations.run,
      secondsOfWarmUp: settings.durations.warmUp,
      connectionsPerPool: POOL_SIZE,
    },
    skipped,
    failures,
    runs: runs.map(roundFigures),
  };
}

/** Makes the report. */
export function makeReport(results: Results): Report {
  const { runs } = results;
  return { ...results, bars: measureBars(BARS, runs), summary: summarize(runs), comparisons: compareWithPeers(runs) };
}

/** Returns this library's faults that are never acceptable. */
export function ourFaults({ summary, failures }: Pick<Report, 'summary' | 'failures'>): string[] {
  const isOurs = ({ store }: { store: string }) => findStore(store).kind === 'ours';
  return [
    ...summary
      .filter(isOurs)
      .flatMap(({ store, scenario, lost, errors }) =>
        lost + errors > 0 ? [`${store}, ${scenario}: ${lost} updates lost, ${errors} errors`] : [],
      ),
    ...failures.filter(isOurs).map(({ store, scenario, message }) => `${store}, ${scenario}: ${message}`),
  ];
}
