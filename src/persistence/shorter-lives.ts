import { qualifiedName } from '../dialects/qualified-name.js';
import type { DatabaseContext } from './database-context.js';
import { isLive } from './expiry.js';

/** The sessions to shorten. */
export type LongLived = 'without-max-age' | 'without-user' | 'with-max-age';

/** The number of records in one statement. It is small, so that locks are held only briefly. */
const PAGE = 1000;

/** In ms. A smaller difference is ignored, because the database rounds its times. */
const TOLERANCE = 1000;

/**
 * Brings the expiry of live sessions forward to `ms` from now, and the max age of those that have one to `ms`. Sessions that end
 * earlier stay unchanged. It may be run while apps run, and repeatedly.
 *
 * @param ms how long the sessions live from now on without use
 * @returns the number of shortened sessions
 */
export async function shortenLives(context: DatabaseContext, which: LongLived, ms: number): Promise<number> {
  const { run } = context.runner;
  const { find, write } = statementsFor(context, which, ms);
  let shortened = 0;
  for (let last = ''; ;) {
    const keys = (await run(find, [last])).rows.map((row) => String(row.session_id));
    if (keys.length === 0) return shortened;
    shortened += (await run(write(keys.length), keys)).affected;
    last = keys.at(-1)!;
  }
}

/** Counts the sessions that `shortenLives` would change. */
export async function countLongLives(context: DatabaseContext, which: LongLived, ms: number): Promise<number> {
  const { rows } = await context.runner.run(statementsFor(context, which, ms).count);
  return Number(rows[0]?.sessions);
}

function statementsFor(context: DatabaseContext, which: LongLived, ms: number) {
  const { dialect, tableName, schema, keyHint, isVersioned } = context;
  const table = qualifiedName(dialect.quote, tableName, schema);
  const end = dialect.fromNow(String(ms));
  const isLate = `expires_at > ${dialect.fromNow(String(ms + TOLERANCE))}`;
  const conditions: Record<LongLived, string> = {
    'without-max-age': `max_age is null and ${isLate}`,
    'without-user': `user_id is null and ${isLate}`,
    'with-max-age': `max_age > ${ms}`,
  };
  // A commit in flight would write the max age that it has read. The new version prevents that.
  const maxAge = which === 'with-max-age' ? `, max_age = ${ms}${isVersioned ? ', lock_version = lock_version + 1' : ''}` : '';
  const isLong = `${isLive(context)} and ${conditions[which]}`;
  const keysOf = (count: number) => Array.from({ length: count }, (_, n) => dialect.parameter(n + 1)).join(', ');
  return {
    count: `select count(*) as sessions from ${table} where ${isLong}`,
    find: `select session_id from ${table} where session_id > ${dialect.parameter(1)} and ${isLong} order by session_id limit ${PAGE}`,
    write: (count: number) =>
      `update ${table}${keyHint}${dialect.byPrimaryKey} set expires_at = ${dialect.earlier('expires_at', end)}${maxAge} where ${isLong} and session_id in (${keysOf(count)})`,
  };
}
