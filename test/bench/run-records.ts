import type { RunRecord } from '../../bench/src/plan/run-record.js';

/** Returns a record with these figures. All others are 1 or 0. */
export const runRecord = (round: number, store: string, scenario: string, figures: Partial<RunRecord>): RunRecord => ({
  round,
  store,
  scenario,
  requestsPerSecond: 1,
  p50: 1,
  p99: 1,
  cpuPerRequest: 1,
  statementsPerRequest: 1,
  acknowledged: 0,
  lost: 0,
  errors: 0,
  clientLoad: 0,
  ...figures,
});
