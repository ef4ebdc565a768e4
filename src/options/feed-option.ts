import { LONGEST_TIMER } from './longest-values.js';
import { isObject, positive, unless, yesOrNo, type Check } from './option-checks.js';

/** How sessions are watched: see `SessionService.watch`. */
export interface FeedOptions {
  /** How often the database is asked about the watched sessions of this process, in ms. Default: 1 second. */
  readonly interval?: number;
  /**
   * How long a watch outlives the last answer of the database, in ms. Then it ends with the reason `unknown`. At least twice `interval`.
   * Default: 10 seconds.
   */
  readonly grace?: number;
  /** How many watches this process may have. Default: 10,000. */
  readonly maxWatches?: number;
  /**
   * Tells the other processes at once that a session has ended, or that one that they watch has changed, by PostgreSQL's LISTEN and
   * NOTIFY. Set it in all processes. On other databases it does nothing. Default: false.
   */
  readonly notify?: boolean;
}

/** The option `feed` with its defaults. */
export type ResolvedFeed = Required<FeedOptions>;

const DEFAULTS: ResolvedFeed = { interval: 1000, grace: 10_000, maxWatches: 10_000, notify: false };

const CHECKS: Readonly<Record<keyof FeedOptions, Check>> = {
  interval: positive({ unit: 'ms', max: LONGEST_TIMER }),
  grace: positive({ unit: 'ms', max: LONGEST_TIMER }),
  maxWatches: positive(),
  notify: yesOrNo,
};

/** Returns what to give instead of a wrong option `feed`; undefined if it is right. */
export const flawInFeed: Check = (given) => {
  if (!isObject(given)) return `Give an object with ${Object.keys(CHECKS).join(', ')}, or some of them.`;
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(CHECKS, name));
  if (unknown !== undefined) return `It has no \`${unknown}\`. Use ${Object.keys(CHECKS).join(', ')}.`;
  const feed = resolveFeed(given);
  for (const [name, check] of Object.entries(CHECKS)) {
    const advice = check(feed[name as keyof FeedOptions]);
    if (advice !== undefined) return `\`${name}\`: ${advice}`;
  }
  return isGraceLongEnough(`\`grace\` (${feed.grace} ms) must be at least twice \`interval\` (${feed.interval} ms).`)(feed);
};

/** With less, one late answer of the database would end every watch. */
const isGraceLongEnough = (advice: string) => unless((feed) => (feed as ResolvedFeed).grace >= 2 * (feed as ResolvedFeed).interval, advice);

/** Returns the option with its defaults. */
export function resolveFeed(given: FeedOptions): ResolvedFeed {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.freeze({ ...DEFAULTS, ...Object.fromEntries(entries) });
}
