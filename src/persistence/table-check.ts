import type { Dialect } from '../dialects/dialect.js';
import { qualifiedName } from '../dialects/qualified-name.js';
import { FIRST_LAYOUT, LAYOUT, LAYOUT_WITH_DEVICES, layoutOf, leaseTableOf, type TableLayout } from '../dialects/table-layout.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';
import type { StatementRunner } from './statement-runner.js';

/** The oldest layout that this version's statements support. */
const OLDEST_LAYOUT = 1;

const COMMAND = '`npx smart-session create-table --upgrade`';

/** A sessions table in the database. */
export interface FoundTable {
  /** The names of its columns. */
  readonly columns: readonly string[];
  readonly layout: TableLayout;
}

/**
 * Reads the columns and the layout of a sessions table.
 *
 * @throws SmartSessionConfigError if there is no such table, or if it is not a sessions table
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
      'Add `SessionEntity` to your migrations, start the app with `createTable: true`, or run `npx smart-session create-table --run`.',
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
 * @param oldest the oldest supported layout
 * @throws SmartSessionConfigError
 */
export function checkLayout({ version }: TableLayout, tableName: string, schema: string | undefined, oldest = OLDEST_LAYOUT): void {
  if (version >= oldest) return;
  throw new SmartSessionConfigError(
    'tableName',
    `the table "${shownName(tableName, schema)}" has layout ${version}, but this version needs layout ${oldest} or a newer one`,
    `Run ${COMMAND}. It upgrades the table to layout ${LAYOUT} while old processes run.`,
  );
}

/** Returns a warning for a table with an older, supported layout. Returns undefined for the newest layout. */
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
  return `The table "${name}" has layout ${version}. This layout works. The newest layout is ${LAYOUT}. Run ${COMMAND} to add ${missingParts}.`;
}

/**
 * Refuses a table without the column that the option `locking` needs.
 *
 * @throws SmartSessionConfigError
 */
export function checkLocking(
  columns: FoundTable['columns'],
  { tableName, locking }: SmartSessionOptions,
  schema: string | undefined,
): void {
  if (locking !== 'optimistic' || columns.includes('lock_version')) return;
  throw new SmartSessionConfigError(
    'locking',
    `'optimistic' was given, but the table "${shownName(tableName, schema)}" has no column lock_version`,
    "Add the column, or use 'auto' or 'pessimistic'.",
  );
}

/**
 * Refuses a table without the columns that the option `devices` needs.
 *
 * @throws SmartSessionConfigError
 */
export function checkDevices(
  { version, missing }: TableLayout,
  { tableName, devices }: SmartSessionOptions,
  schema: string | undefined,
): void {
  if (!devices || version >= LAYOUT_WITH_DEVICES) return;
  const columns = missing.length > 0 ? `lacks the columns ${missing.map(({ name }) => name).join(', ')}` : `has layout ${version}`;
  throw new SmartSessionConfigError(
    'devices',
    `it was given, but the table "${shownName(tableName, schema)}" ${columns}`,
    `Run ${COMMAND}, or leave \`devices\` out.`,
  );
}

/**
 * Refuses sessions that are larger than a statement may be.
 *
 * @param packet the server's limit for a statement, in bytes
 * @throws SmartSessionConfigError
 */
export function checkSize({ maxBytes }: SmartSessionOptions, packet = Infinity): void {
  if (maxBytes <= packet) return;
  throw new SmartSessionConfigError(
    'maxBytes',
    `${maxBytes} was given, but the server accepts statements of at most ${packet} bytes`,
    "Lower it, or raise the server's `max_allowed_packet`, ideally to twice `maxBytes`.",
  );
}

/** Returns a table's name for messages. */
export function shownName(tableName: string, schema: string | undefined): string {
  return qualifiedName((name) => name, tableName, schema);
}
