import type { Failure, RunRecord } from '../plan/run-record.js';
import type { Settings } from '../plan/settings.js';
import { POOL_SIZE } from '../servers/addresses.js';
import { findStore } from '../stores/catalog.js';
import { BARS, measureBars, type MeasuredBar } from './bars.js';
import type { Machine } from './machine.js';
import { summarize, type SummaryRow } from './summary.js';

/** All results of a benchmark, as stored in `benchmark.json`. */
export interface Report {
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
  readonly bars: readonly MeasuredBar[];
  readonly summary: readonly SummaryRow[];
  readonly runs: readonly RunRecord[];
}

/** Makes the report. */
export function makeReport(
  settings: Settings,
  machine: Machine,
  skipped: readonly string[],
  runs: readonly RunRecord[],
  failures: readonly Failure[],
): Report {
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
    bars: measureBars(BARS, runs),
    summary: summarize(runs),
    runs,
  };
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
