import { randomInt } from 'node:crypto';
import { RaceConfigError } from '../race.errors.js';

/** The bounds of a race. */
export interface RaceSettings {
  /** How many tabs of each browser send requests at the same time. Default: 10 */
  readonly clients: number;
  /** How many rounds there are at most. Default: 20 */
  readonly rounds: number;
  /** No round begins after so many seconds. Default: 10 */
  readonly seconds: number;
  /** How many requests are sent at most. Default: 5000 */
  readonly requests: number;
  /** The requests follow from it. Their order in time does not. Default: a random one, which the report names */
  readonly seed: number;
  /** How long an acknowledged update may take to show before it counts as lost, in ms. Default: 250 */
  readonly settle: number;
  /** How long a handler takes at most between its load and its save, in ms, where the race decides. Default: 5 */
  readonly wait: number;
}

const LEAST: Readonly<Record<keyof RaceSettings, number>> = {
  clients: 2,
  rounds: 1,
  seconds: 0,
  requests: 1,
  seed: 0,
  settle: 0,
  wait: 0,
};

/**
 * Fills in the defaults.
 *
 * @throws RaceConfigError if a number is not one that will do
 */
export function raceSettings(given: Partial<RaceSettings>): RaceSettings {
  const defaults = { clients: 10, rounds: 20, seconds: 10, requests: 5000, seed: randomInt(2 ** 31), settle: 250, wait: 5 };
  const settings: RaceSettings = { ...defaults, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
  for (const [name, least] of Object.entries(LEAST) as [keyof RaceSettings, number][]) {
    const value: unknown = settings[name];
    const isRight =
      typeof value === 'number' && value >= least && (name === 'seconds' ? Number.isFinite(value) : Number.isSafeInteger(value));
    if (!isRight) throw new RaceConfigError(`${name} is ${JSON.stringify(value)}. Give a whole number of at least ${least}.`);
  }
  return settings;
}
