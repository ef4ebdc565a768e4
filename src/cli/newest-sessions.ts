import { qualifiedName } from '../dialects/qualified-name.js';
import type { DatabaseContext } from '../persistence/database-context.js';
import { datesOf, isLive, listedTimes, type ListedTimes } from '../persistence/expiry.js';
import type { SessionSummary } from '../persistence/session.repository.js';

/** Returns the newest live sessions of all users, newest first. The statement reads the whole table. */
export async function newestSessions(context: DatabaseContext, limit: number): Promise<SessionSummary[]> {
  const { dialect, tableName, schema, runner } = context;
  const { rows } = await runner.run(
    `select session_id, user_id, ${listedTimes(context)} from ${qualifiedName(dialect.quote, tableName, schema)} ` +
      `where ${isLive(context)} order by created_at desc, session_id limit ${limit}`,
  );
  return rows.map((row) => ({
    storageKey: String(row.session_id),
    userId: row.user_id === null ? null : String(row.user_id),
    ...datesOf(row as unknown as ListedTimes),
  }));
}
