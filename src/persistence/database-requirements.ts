import type { Requirements } from '../dialects/requirement.js';
import type { RunStatement, StatementResult } from '../dialects/run-statement.js';
import { SessionDatabaseError } from '../smart-session.errors.js';

type Row = StatementResult['rows'][number];

/**
 * Checks that a database has the settings that sessions need.
 *
 * @returns the values by their names
 * @throws SessionDatabaseError for the first setting that does not meet them
 */
export async function requireAll(run: RunStatement, { sql, each }: Requirements, parameters: readonly unknown[] = []): Promise<Row> {
  const [row = {}] = (await run(sql, parameters)).rows;
  for (const { name, isMet, harm, advice } of each) {
    const value = row[name];
    if (value !== null && value !== undefined && !isMet(String(value))) throw new SessionDatabaseError(name, String(value), harm, advice);
  }
  return row;
}
