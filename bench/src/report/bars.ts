import type { Figures } from '../load/measure.js';
import type { RunRecord } from '../plan/run-record.js';
import { ratioOf, type ByRound, type Spread } from './statistics.js';

/** A goal for this library against a peer: the ratio of a figure, ours to theirs. */
export interface Bar {
  readonly ours: string;
  readonly peer: string;
  readonly scenario: string;
  readonly figure: 'requestsPerSecond' | 'p50';
  /** For requests per second. */
  readonly atLeast?: number;
  /** For latencies. */
  readonly atMost?: number;
}

/** A goal with its measurement. */
export interface MeasuredBar extends Bar {
  /** The spread of the rounds' ratios; undefined if one of the two was not measured. */
  readonly ratio: Spread | undefined;
  readonly isReached: boolean | undefined;
}

type Minimums = Readonly<Record<string, number>>;

/** All goals of this library. */
export const BARS: readonly Bar[] = [
  ...throughput('ours-postgresql', 'connect-pg-simple', { read: 2.5, write: 2, hot: 3 }),
  ...throughput('ours-mariadb', 'express-mysql-session', { read: 2, write: 2, hot: 3 }),
  ...throughput('ours-sqlite', 'better-sqlite3-session-store', { read: 1, write: 2, hot: 3 }),
  ...throughput('ours-postgresql', 'redis-always', { read: 1, write: 1, hot: 1 }),
  ...throughput('ours-postgresql', 'redis-nothing', { read: 0.95, write: 0.6, hot: 0.6 }),
  ...throughput('ours-postgresql', 'memory-store', { read: 0.5, write: 0.4 }),
  ...throughput('ours-sqlite', 'memory-store', { read: 0.8, write: 0.4 }),
  ...latencyOfOne('ours-postgresql', 'connect-pg-simple'),
  ...latencyOfOne('ours-mariadb', 'express-mysql-session'),
  ...latencyOfOne('ours-sqlite', 'better-sqlite3-session-store'),
];

/** Measures each goal from the runs. */
export function measureBars(bars: readonly Bar[], records: readonly RunRecord[]): MeasuredBar[] {
  return bars.map((bar) => {
    const ratio = ratioOf(byRound(records, bar.ours, bar), byRound(records, bar.peer, bar));
    return { ...bar, ratio, isReached: ratio && isReached(bar, ratio.median) };
  });
}

function isReached({ atLeast = 0, atMost = Infinity }: Bar, ratio: number): boolean {
  return ratio >= atLeast && ratio <= atMost;
}

/** Returns a figure of a store in a scenario, by round. */
export function byRound(
  records: readonly RunRecord[],
  store: string,
  { scenario, figure }: { readonly scenario: string; readonly figure: keyof Figures },
): ByRound {
  const own = records.filter((record) => record.store === store && record.scenario === scenario);
  return new Map(own.map((record) => [record.round, record[figure]]));
}

function throughput(ours: string, peer: string, minimums: Minimums): Bar[] {
  return Object.entries(minimums).map(([scenario, atLeast]) => ({ ours, peer, scenario, figure: 'requestsPerSecond', atLeast }));
}

/** With one connection nothing is batched, so this measures the cost of a request by itself. */
function latencyOfOne(ours: string, peer: string): Bar[] {
  return ['read-1-connections', 'write-1-connections'].map((scenario) => ({ ours, peer, scenario, figure: 'p50', atMost: 1.1 }));
}
