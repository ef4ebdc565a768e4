import type { Dialect } from '../dialects/dialect.js';
import { qualifiedName } from '../dialects/qualified-name.js';
import { FIRST_LAYOUT, LAYOUT, layoutOf, leaseTableOf, type TableLayout } from '../dialects/table-layout.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import type { StatementRunner } from './statement-runner.js';

/** The oldest layout that the statements of this version work with. */
const OLDEST_LAYOUT = 1;

const COMMAND = '`npx smart-session create-table --upgrade`';

/** A sessions table as the database has it. */
export interface FoundTable {
  /** The names of its columns. */
  readonly columns: readonly string[];
  readonly layout: TableLayout;
}

/**
 * Reads which columns and which layout a sessions table has.
 *
 * @throws SmartSessionConfigError if there is no such table, or if it is no sessions table
 */
export async function findTable(
  dialect: Dialect,
  { run }: StatementRunner,
  tableName: string,
  schema: string | undefined,
): Promise<FoundTable> {
  const columns = await dialect.columns(run, tableName, schema);
  if (columns.length === 0) {
    throw new SmartSessionConfigError(
      'tableName',
      `there is no table "${shownName(tableName, schema)}"`,
      'Add `SessionEntity` to your migrations, set `createTable: true`, or run `npx smart-session create-table --run`.',
    );
  }
  const layout = layoutOf(columns, await dialect.columns(run, leaseTableOf(tableName), schema));
  if (layout.version === 0) {
    const missing = layout.missing.filter((column) => FIRST_LAYOUT.includes(column));
    throw new SmartSessionConfigError(
      'tableName',
      `the table "${shownName(tableName, schema)}" has no column ${missing.map(({ name }) => name).join(', ')}`,
      'Add the missing columns, or name another table.',
    );
  }
  return { columns, layout };
}

/**
 * Refuses a table whose layout is too old for this version's statements.
 *
 * @param oldest the oldest layout that they work with
 * @throws SmartSessionConfigError
 */
export function checkLayout({ version }: TableLayout, tableName: string, schema: string | undefined, oldest = OLDEST_LAYOUT): void {
  if (version >= oldest) return;
  throw new SmartSessionConfigError(
    'tableName',
    `the table "${shownName(tableName, schema)}" has layout ${version}, and this version needs layout ${oldest} or a newer one`,
    `Run ${COMMAND}. It makes layout ${LAYOUT}, while old processes run.`,
  );
}

/** A warning for a table of an older layout, which this version still works with; undefined for the newest layout. */
export function warningOfLayout(
  { version, missing, hasLeases }: TableLayout,
  tableName: string,
  schema: string | undefined,
): string | undefined {
  if (version === LAYOUT) return undefined;
  const columns = missing.length > 0 ? [`the columns ${missing.map(({ name }) => name).join(', ')}`] : [];
  const leases = hasLeases ? [] : [`the table "${shownName(leaseTableOf(tableName), schema)}"`];
  const name = shownName(tableName, schema);
  const missingParts = [...columns, ...leases].join(' and ');
  return `The table "${name}" has layout ${version}. It works, and the newest layout is ${LAYOUT}. Run ${COMMAND} to add ${missingParts}.`;
}

/** A table's name as messages show it. */
export function shownName(tableName: string, schema: string | undefined): string {
  return qualifiedName((name) => name, tableName, schema);
}
