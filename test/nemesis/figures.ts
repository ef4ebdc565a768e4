import type { History } from '../../packages/session-race/src/history/history.js';
import type { Finding } from './findings.js';

/** What a fault has cost. */
export interface Figures {
  /** How many requests were answered as they should be. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly stale: number;
  /** How many requests were answered with 503. */
  readonly refused: number;
  /** How many requests got another error, or none in time. */
  readonly otherErrors: number;
  /** The longest time without a good answer, in ms, from all processes and from any one of them. */
  readonly longestGap: number;
  readonly longestGapOfOne: number;
  /** Breaches of other laws. */
  readonly other: Readonly<Partial<Record<Finding, number>>>;
}

export function figuresOf({ requests }: History, found: Readonly<Record<Finding, readonly string[]>>): Figures {
  const good = requests.filter(({ outcome }) => outcome === 'ok');
  const errors = requests.filter(({ operation, error }) => error !== undefined && operation !== 'put unstorable');
  const refused = errors.filter(({ error }) => error!.startsWith('503'));
  const { lost, stale, ...other } = found;
  return {
    acknowledged: good.length,
    lost: lost.length,
    stale: stale.length,
    refused: refused.length,
    otherErrors: errors.length - refused.length,
    longestGap: longestGap(good),
    longestGapOfOne: Math.max(...Array.from(Map.groupBy(good, ({ process }) => process).values(), longestGap)),
    other: Object.fromEntries(Object.entries(other).flatMap(([name, all]) => (all.length > 0 ? [[name, all.length]] : []))),
  };
}

function longestGap(good: readonly { readonly endedAt: number }[]): number {
  const times = good.map(({ endedAt }) => endedAt).toSorted((a, b) => a - b);
  return Math.round(Math.max(0, ...times.map((time, n) => time - (times[n - 1] ?? time))));
}
