import { CannotJudgeError } from './race.errors.js';
import type { HistoryRequest } from './history/history-request.js';
import { History } from './history/history.js';
import { makeReport, type RaceReport } from './report/race-report.js';
import { randomOf } from './shared/random.js';
import type { RaceTarget, TargetRequest } from './targets/target.js';
import { judge, type Judgement } from './witness/judge.js';
import { Browser } from './workload/browser.js';
import { CookieLabels } from './workload/cookie-labels.js';
import { preflight } from './workload/preflight.js';
import { raceSettings, type RaceSettings } from './workload/race-settings.js';
import { UniqueValues } from './workload/unique-value.js';
import { Visit } from './workload/visit.js';

/** How far a race is. */
export interface RaceProgress {
  readonly round: number;
  readonly rounds: number;
  readonly requests: number;
  readonly seconds: number;
}

/** So many browsers, each with a session of its own, run at the same time: one must never see what another has set. */
const BROWSERS = 2;

/**
 * Lets browsers with several tabs race against a target, and judges what its answers show.
 *
 * @throws CannotJudgeError if the target keeps no session, most requests fail, or no two updates ran at the same time
 * @throws RaceConfigError if a setting is no number that will do
 */
export async function race(
  target: RaceTarget,
  given: Partial<RaceSettings> = {},
  onProgress: (progress: RaceProgress) => void = () => {},
): Promise<RaceReport> {
  const settings = raceSettings(given);
  const random = randomOf(settings.seed);
  const begunAt = performance.now();
  const seconds = () => (performance.now() - begunAt) / 1000;
  const counted = new CountedTarget(target);
  const requests: HistoryRequest[] = [];
  const shared = { target: counted, values: new UniqueValues(runName()), labels: new CookieLabels() };
  const abilities = await preflight({ ...shared, record: () => {} }, settings.settle);
  const record = (request: HistoryRequest) => requests.push(request);
  const perRound = BROWSERS * Visit.mostRequests(settings, target.places.length);
  let round = 0;
  let visitors = 2;
  for (; round < settings.rounds && seconds() < settings.seconds && counted.count + perRound <= settings.requests; round++) {
    const visits = Array.from({ length: BROWSERS }, () => {
      const browser = new Browser(`b${++visitors}`, { ...shared, record });
      return new Visit(browser, counted, settings, abilities, randomOf(Math.floor(random() * 2 ** 31))).run(round);
    });
    await Promise.all(visits);
    onProgress({ round: round + 1, rounds: settings.rounds, requests: counted.count, seconds: seconds() });
  }
  if (round === 0)
    throw new CannotJudgeError(
      `No round fits in ${settings.requests} requests and ${settings.seconds} s. One has up to ${perRound} requests.`,
    );
  const history = new History({ requests, audit: [], leftBehind: [] });
  const judgement = judge(history);
  refuseEmpty(judgement, requests);
  return makeReport({ history, judgement, places: target.places, settings, round, seconds: seconds(), notes: abilities.notes });
}

/** Without acknowledged updates at the same time a clean result would say nothing. */
function refuseEmpty({ acknowledged, contended, breaches }: Judgement, requests: readonly HistoryRequest[]): void {
  const isLossy = Object.values(breaches).some((found) => found.length > 0);
  if (isLossy) return;
  const errors = requests.filter(({ error }) => error !== undefined);
  const [first] = errors;
  const such = first ? ` ${errors.length} of ${requests.length} requests failed, such as: ${first.error}` : '';
  if (errors.length > requests.length / 2) throw new CannotJudgeError(`Most requests were not acknowledged.${such}`);
  if (acknowledged === 0) throw new CannotJudgeError(`No update was acknowledged and looked for.${such}`);
  if (contended === 0) throw new CannotJudgeError(`No two acknowledged updates ran at the same time, so nothing could be lost.${such}`);
}

/** Counts the requests. */
class CountedTarget implements RaceTarget {
  count = 0;

  constructor(private readonly target: RaceTarget) {}

  get places() {
    return this.target.places;
  }
  get offers() {
    return this.target.offers;
  }
  get beginSets() {
    return this.target.beginSets;
  }
  get hint() {
    return this.target.hint;
  }
  send(request: TargetRequest) {
    this.count++;
    return this.target.send(request);
  }
}

/** Two races on one store have different names, also with one seed. */
function runName(): string {
  return Math.random().toString(36).slice(2, 8).padEnd(6, '0');
}
