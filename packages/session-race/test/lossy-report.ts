import session from 'express-session';
import { raceStore, type RaceReport } from '../src/index.js';

let report: Promise<RaceReport> | undefined;

/** The report of a race on MemoryStore, where the last write wins. Several test files share one race. */
export function lossyReport(): Promise<RaceReport> {
  report ??= raceStore(new session.MemoryStore(), { rounds: 3, settle: 40 });
  return report;
}
