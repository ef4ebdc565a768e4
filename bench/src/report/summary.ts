import type { RunRecord } from '../plan/run-record.js';
import { spreadOf, type Spread } from './statistics.js';

/** The figures of a store in a scenario, over all rounds. */
export interface SummaryRow {
  readonly store: string;
  readonly scenario: string;
  readonly rounds: number;
  readonly requestsPerSecond: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
  readonly cpuPerRequest: Spread;
  readonly statementsPerRequest: Spread;
  readonly clientLoad: Spread;
  readonly acknowledged: number;
  readonly lost: number;
  readonly errors: number;
}

/** Summarizes the runs by store and scenario, in the order of their first runs. */
export function summarize(records: readonly RunRecord[]): SummaryRow[] {
  const keys = new Set(records.map(keyOf));
  return [...keys].map((key) => summarizeOne(records.filter((record) => keyOf(record) === key)));
}

const keyOf = ({ store, scenario }: RunRecord) => `${scenario} ${store}`;

function summarizeOne(records: readonly RunRecord[]): SummaryRow {
  const spread = (figure: 'requestsPerSecond' | 'p50' | 'p99' | 'cpuPerRequest' | 'statementsPerRequest' | 'clientLoad') =>
    spreadOf(records.map((record) => record[figure]));
  const sum = (figure: 'acknowledged' | 'lost' | 'errors') => records.reduce((total, record) => total + record[figure], 0);
  return {
    store: records[0]!.store,
    scenario: records[0]!.scenario,
    rounds: records.length,
    requestsPerSecond: spread('requestsPerSecond'),
    p50: spread('p50'),
    p99: spread('p99'),
    cpuPerRequest: spread('cpuPerRequest'),
    statementsPerRequest: spread('statementsPerRequest'),
    clientLoad: spread('clientLoad'),
    acknowledged: sum('acknowledged'),
    lost: sum('lost'),
    errors: sum('errors'),
  };
}
