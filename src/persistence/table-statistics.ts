import { qualifiedName } from '../dialects/qualified-name.js';
import type { DatabaseContext } from './database-context.js';
import { isLive } from './expiry.js';

/** Statistics of a sessions table. Sizes and commits are those of live sessions. */
export interface TableStatistics {
  readonly live: number;
  /** The expired sessions that are not pruned yet. */
  readonly expired: number;
  /** The sizes of the stored data, before the database compresses it. */
  readonly bytes: { readonly average: number; readonly greatest: number; readonly total: number };
  /** The live sessions that `@LockSession()` has leased now. */
  readonly locked: number;
  /** The live sessions by lock version, which is the number of commits after the first. Undefined for a table without that column. */
  readonly commits: readonly RangeCount[] | undefined;
  /** The live sessions by the size of their data, in bytes. */
  readonly sizes: readonly RangeCount[];
  /** The live sessions by the time since they were created, in ms. `to` is not part of the range. */
  readonly ages: readonly RangeCount[];
  /** The live sessions without a user. */
  readonly withoutUser: number;
}

/** The number of sessions in a range. */
export interface RangeCount {
  readonly from: number;
  /** The end of the range; undefined for the last range. */
  readonly to: number | undefined;
  readonly sessions: number;
}

type Range = readonly [from: number, to: number | undefined];

const COMMITS = [
  [0, 0],
  [1, 9],
  [10, 99],
  [100, 999],
  [1000, undefined],
] as const satisfies readonly Range[];

const SIZES = [
  [0, 999],
  [1000, 9999],
  [10_000, 99_999],
  [100_000, undefined],
] as const satisfies readonly Range[];

const [HOUR, DAY] = [3_600_000, 86_400_000] as const;

const AGES = [
  [0, HOUR],
  [HOUR, DAY],
  [DAY, 7 * DAY],
  [7 * DAY, 30 * DAY],
  [30 * DAY, undefined],
] as const satisfies readonly Range[];

/** Reads the statistics of a sessions table. One statement reads the whole table. */
export async function tableStatistics(context: DatabaseContext): Promise<TableStatistics> {
  const { rows } = await context.runner.run(statementOf(context));
  const found = rows[0]!;
  const n = (column: string) => Number(found[column]);
  const counts = (name: string, ranges: readonly Range[]) => ranges.map(([from, to]) => ({ from, to, sessions: n(`${name}_${from}`) }));
  return {
    live: n('live'),
    expired: n('all_rows') - n('live'),
    bytes: { average: Math.round(n('average_bytes')), greatest: n('greatest_bytes'), total: n('total_bytes') },
    locked: n('locked'),
    commits: context.isVersioned ? counts('commits', COMMITS) : undefined,
    sizes: counts('sizes', SIZES),
    ages: counts('ages', AGES),
    withoutUser: n('without_user'),
  };
}

function statementOf(context: DatabaseContext): string {
  const { dialect, tableName, schema, isVersioned } = context;
  const live = isLive(context);
  const liveBytes = `case when ${live} then octet_length(data) end`;
  const count = (name: string, ...conditions: string[]) => `count(case when ${[live, ...conditions].join(' and ')} then 1 end) as ${name}`;
  const within = (name: string, column: string, ranges: readonly Range[]) =>
    ranges.map(([from, to]) => count(`${name}_${from}`, `${column} >= ${from}`, ...(to === undefined ? [] : [`${column} <= ${to}`])));
  const ages = AGES.map(([from, to]) =>
    // A clock that was moved back has made a session of the future. It counts as new.
    count(
      `ages_${from}`,
      ...(from === 0 ? [] : [`created_at <= ${dialect.fromNow(`-${from}`)}`]),
      ...(to === undefined ? [] : [`created_at > ${dialect.fromNow(`-${to}`)}`]),
    ),
  );
  const columns = [
    'count(*) as all_rows',
    count('live'),
    `coalesce(avg(${liveBytes}), 0) as average_bytes`,
    `coalesce(max(${liveBytes}), 0) as greatest_bytes`,
    `coalesce(sum(${liveBytes}), 0) as total_bytes`,
    count('locked', `lease_expires_at > ${dialect.now}`),
    ...(isVersioned ? within('commits', 'lock_version', COMMITS) : []),
    ...within('sizes', 'octet_length(data)', SIZES),
    ...ages,
    count('without_user', 'user_id is null'),
  ];
  return `select ${columns.join(', ')} from ${qualifiedName(dialect.quote, tableName, schema)}`;
}
