import type { Requirement, Requirements } from '../dialects/requirement.js';
import type { RunStatement, StatementResult } from '../dialects/run-statement.js';
import { SessionDatabaseError } from '../smart-session.errors.js';

type Row = StatementResult['rows'][number];

/** A requirement, and the value that was found. */
export interface Examined extends Requirement {
  readonly value: string;
  readonly isFulfilled: boolean;
}

/**
 * Checks that a database has the settings that sessions need.
 *
 * @returns the values by their names
 * @throws SessionDatabaseError for the first setting that does not meet them
 */
export async function requireAll(run: RunStatement, { sql, each }: Requirements, parameters: readonly unknown[] = []): Promise<Row> {
  const [row = {}] = (await run(sql, parameters)).rows;
  const unmet = examine(row, each).find(({ isFulfilled }) => !isFulfilled);
  if (unmet) throw new SessionDatabaseError(unmet.name, unmet.value, unmet.harm, unmet.advice);
  return row;
}

/** Returns each requirement that has a value, whether it is met or not. */
export async function examineAll(
  run: RunStatement,
  { sql, each }: Requirements,
  parameters: readonly unknown[] = [],
): Promise<readonly Examined[]> {
  const [row = {}] = (await run(sql, parameters)).rows;
  return examine(row, each);
}

function examine(row: Row, each: readonly Requirement[]): Examined[] {
  return each.flatMap((requirement) => {
    const value = row[requirement.name];
    if (value === null || value === undefined) return [];
    return [{ ...requirement, value: String(value), isFulfilled: requirement.isMet(String(value)) }];
  });
}
