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
  readonly commits: readonly CommitCount[] | undefined;
}

/** The number of sessions with a range of commits after the first. */
export interface CommitCount {
  readonly from: number;
  /** The end of the range; undefined for the last range. */
  readonly to: number | undefined;
  readonly sessions: number;
}

const COMMITS = [
  [0, 0],
  [1, 9],
  [10, 99],
  [100, 999],
  [1000, undefined],
] as const;

/** Reads the statistics of a sessions table. One statement reads the whole table. */
export async function tableStatistics(context: DatabaseContext): Promise<TableStatistics> {
  const { rows } = await context.runner.run(statementOf(context));
  const found = rows[0]!;
  const n = (column: string) => Number(found[column]);
  return {
    live: n('live'),
    expired: n('all_rows') - n('live'),
    bytes: { average: Math.round(n('average_bytes')), greatest: n('greatest_bytes'), total: n('total_bytes') },
    locked: n('locked'),
    commits: context.isVersioned ? COMMITS.map(([from, to]) => ({ from, to, sessions: n(`commits_${from}`) })) : undefined,
  };
}

function statementOf(context: DatabaseContext): string {
  const { dialect, tableName, schema, isVersioned } = context;
  const live = isLive(context);
  const liveBytes = `case when ${live} then octet_length(data) end`;
  const count = (name: string, ...conditions: string[]) => `count(case when ${[live, ...conditions].join(' and ')} then 1 end) as ${name}`;
  const commits = COMMITS.map(([from, to]) =>
    count(`commits_${from}`, `lock_version >= ${from}`, ...(to === undefined ? [] : [`lock_version <= ${to}`])),
  );
  const columns = [
    'count(*) as all_rows',
    count('live'),
    `coalesce(avg(${liveBytes}), 0) as average_bytes`,
    `coalesce(max(${liveBytes}), 0) as greatest_bytes`,
    `coalesce(sum(${liveBytes}), 0) as total_bytes`,
    count('locked', `lease_expires_at > ${dialect.now}`),
    ...(isVersioned ? commits : []),
  ];
  return `select ${columns.join(', ')} from ${qualifiedName(dialect.quote, tableName, schema)}`;
}
