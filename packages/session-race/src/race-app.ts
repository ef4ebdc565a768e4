import { HttpTarget } from './targets/http-target.js';
import { resolveConfig, type RaceConfig } from './targets/race-config.js';
import type { RaceReport } from './report/race-report.js';
import type { RaceSettings } from './workload/race-settings.js';
import { race, type RaceProgress } from './race.js';

/** An app, and the bounds of a race. */
export interface RaceAppOptions extends RaceConfig, Partial<RaceSettings> {
  readonly onProgress?: (progress: RaceProgress) => void;
}

/**
 * Lets browsers with several tabs race against a running app, as `npx session-race` does. Requests go to the given URLs only.
 *
 * @throws RaceConfigError if the config is wrong
 * @throws CannotJudgeError if the app is down, or keeps no session
 * @example
 * const { verdict } = await raceApp({ urls: ['http://localhost:3000'] });
 */
export async function raceApp(options: RaceAppOptions): Promise<RaceReport> {
  const { onProgress, clients, rounds, seconds, requests, seed, settle, wait, ...config } = options;
  const target = new HttpTarget(resolveConfig(config));
  return race(target, { clients, rounds, seconds, requests, seed, settle, wait } as Partial<RaceSettings>, onProgress);
}
