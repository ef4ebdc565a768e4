import { UnclearAnswer, type RunStatement, type StatementResult } from './run-statement.js';
import type { WantedColumn } from './dialect.js';

/** The marks of this many rows add up to less than 2^53, which a number can hold exactly. */
export const MOST_WANTED = 50;

/**
 * Joins row by row through the primary key. A scan, which the server prefers for a small table, would lock rows that are not
 * wanted. Without the `convert`, the server would convert the column and could not use the index.
 */
export const joinWanted = (table: string, wanted: string): string =>
  `${wanted} straight_join ${table} force index (primary) on session_id = convert(wanted_key using ascii)`;

/** Returns a table `wanted` of parameter rows. */
export function wantedRows(columns: readonly WantedColumn[], count: number): string {
  return unionOf(count, (n) => columns.map(({ name }) => (n === 0 ? `? as ${name}` : '?')));
}

/**
 * Updates the wanted rows in one statement, and reports which ones. The server's answer has only two numbers: how many rows
 * were written, and the "insert id", which `last_insert_id(x)` sets to `x`.
 *
 * Each wanted row has a mark, a power of two. The inner query locks the free rows and adds up their marks. The update writes
 * only rows of the inner query. So if it has written as many rows as there are marks, it has written the marked rows.
 */
export function updateWanted(
  table: string,
  columns: readonly WantedColumn[],
  count: number,
  isWanted: string,
  assignments: string,
): string {
  const marked = unionOf(count, (n) => [...columns.map(({ name }) => (n === 0 ? `? as ${name}` : '?')), `${2 ** n} as mark`]);
  // `skip locked` never waits, so it cannot block other commits or deadlock.
  const free = `(select wanted.*, bit_or(mark) over () as marks from ${joinWanted(table, marked)} and ${isWanted} for update skip locked) as wanted`;
  return `update ${joinWanted(table, free)} and ${isWanted} and last_insert_id(marks) set ${assignments}`;
}

/**
 * Returns which of the rows an `updateWanted` has written, in their order.
 *
 * @throws UnclearAnswer if the two numbers of the answer do not match
 */
export function writtenOf({ affected, insertId = 0 }: StatementResult, count: number): readonly boolean[] {
  if (affected === 0 || affected === count) return Array<boolean>(count).fill(affected > 0);
  const marks = BigInt(insertId);
  const written = Array.from({ length: count }, (_, n) => (marks >> BigInt(n)) % 2n === 1n);
  if (written.filter(Boolean).length === affected) return written;
  throw new UnclearAnswer(`The server has written ${affected} of ${count} rows and marked ${insertId}, so it is unknown which ones.`);
}

/** Whether an answer lacks the marks of the rows that were written. A trigger of the table resets the insert id. */
export function hidesWritten({ affected, insertId = 0 }: StatementResult): boolean {
  return affected > 0 && BigInt(insertId) === 0n;
}

/**
 * Whether the server logs statements instead of rows, and a replica runs them again. There `skip locked` skips no row, so that
 * an update would also write the rows that were skipped here.
 */
export async function repeatsStatements(run: RunStatement): Promise<boolean> {
  const { rows } = await run(`show variables where variable_name in ('log_bin', 'binlog_format')`);
  const values = new Set(rows.map((row) => row.Value));
  return values.has('ON') && values.has('STATEMENT');
}

function unionOf(count: number, row: (n: number) => readonly string[]): string {
  return `(${Array.from({ length: count }, (_, n) => `select ${row(n).join(', ')}`).join(' union all ')}) as wanted`;
}
