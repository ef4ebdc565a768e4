import type { Store } from 'express-session';
import { RaceUnsafeError } from './race.errors.js';
import type { RaceReport } from './report/race-report.js';
import { describeReport } from './report/text-report.js';
import { StoreTarget, type SessionOptions } from './targets/store-target.js';
import { race } from './race.js';
import type { RaceSettings } from './workload/race-settings.js';

/** Bounds of a race, and options of express-session. */
export interface RaceStoreOptions extends Partial<RaceSettings> {
  /** Options of express-session besides the store. Default: `{ resave: false, saveUninitialized: false }` */
  readonly session?: SessionOptions;
}

/** A test should take seconds. */
const SHORT: Partial<RaceSettings> = { rounds: 10, seconds: 10, clients: 8 };

/**
 * Lets browsers with several tabs race on a session store, through express-session and without HTTP.
 *
 * @param stores one store, or several on the same database, as several processes of an app have them
 * @returns what was lost
 * @throws CannotJudgeError if the store keeps no session at all
 * @example
 * const { verdict, lost } = await raceStore(new MemoryStore());
 */
export async function raceStore(stores: Store | readonly Store[], { session, ...settings }: RaceStoreOptions = {}): Promise<RaceReport> {
  const target = await StoreTarget.open(Array.isArray(stores) ? (stores as readonly Store[]) : [stores as Store], session);
  return race(target, { ...SHORT, ...settings });
}

/**
 * Fails if a store loses anything in a race. It needs no test framework.
 *
 * @throws RaceUnsafeError whose message has the verdict and the shortest history of each kind of loss
 * @throws CannotJudgeError if the store keeps no session at all
 * @example
 * test('the store is race-safe', () => assertRaceSafe(store));
 */
export async function assertRaceSafe(stores: Store | readonly Store[], options: RaceStoreOptions = {}): Promise<RaceReport> {
  const report = await raceStore(stores, options);
  if (report.verdict === 'lossy') throw new RaceUnsafeError(describeReport(report));
  return report;
}
