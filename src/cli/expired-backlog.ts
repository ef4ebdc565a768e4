import { qualifiedName } from '../dialects/qualified-name.js';
import type { DatabaseContext } from '../persistence/database-context.js';

/** The expired sessions that are not pruned yet. */
export interface ExpiredBacklog {
  readonly rows: number;
  /** The time since the first of them expired, in ms; 0 if there is none. */
  readonly age: number;
}

/** Reads the backlog by the condition of `prune`. */
export async function expiredBacklog({ dialect, tableName, schema, runner }: DatabaseContext): Promise<ExpiredBacklog> {
  const { rows } = await runner.run(
    `select count(*) as expired, ${dialect.until('min(expires_at)')} as oldest ` +
      `from ${qualifiedName(dialect.quote, tableName, schema)} where expires_at <= ${dialect.now}`,
  );
  const [row] = rows;
  return { rows: Number(row?.expired), age: Math.max(0, -Number(row?.oldest ?? 0)) };
}
