import { qualifiedName } from '../dialects/qualified-name.js';
import type { DatabaseContext } from './database-context.js';
import { isLive } from './expiry.js';

/** How the live sessions are spread over the users. */
export interface UserStatistics {
  /** The users who have a live session. */
  readonly users: number;
  /** The greatest numbers of sessions of one user, the greatest first. */
  readonly most: readonly number[];
}

/**
 * Counts the live sessions of each user. One statement reads the whole table. It returns no user id.
 *
 * @param limit the number of users whose sessions are counted in `most`
 */
export async function userStatistics(context: DatabaseContext, limit: number): Promise<UserStatistics> {
  const { dialect, tableName, schema, runner } = context;
  // The window function counts the groups. `count(distinct user_id)` would sort all ids.
  const { rows } = await runner.run(
    `select count(*) as sessions, count(*) over () as users from ${qualifiedName(dialect.quote, tableName, schema)} ` +
      `where user_id is not null and ${isLive(context)} group by user_id order by sessions desc limit ${limit}`,
  );
  return { users: Number(rows[0]?.users ?? 0), most: rows.map(({ sessions }) => Number(sessions)) };
}
