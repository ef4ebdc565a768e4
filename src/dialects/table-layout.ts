/** The kinds of content in a column. Each dialect has one type for each. */
export type ColumnContent = 'key' | 'data' | 'count' | 'id' | 'userId' | 'ms' | 'time' | 'text' | 'name';

/** The dialect's type for each kind of content. */
export type ColumnTypes = Readonly<Record<ColumnContent, string>>;

/** A column of a table of this library. */
export interface TableColumn {
  readonly name: string;
  readonly content: ColumnContent;
  /** Whether it allows null, as SQL says it. */
  readonly constraint: 'null' | 'not null' | 'not null default 0';
}

/** The columns of layout 1 of the sessions table. */
export const FIRST_LAYOUT: readonly TableColumn[] = [
  { name: 'session_id', content: 'key', constraint: 'not null' },
  { name: 'data', content: 'data', constraint: 'not null' },
  { name: 'lock_version', content: 'count', constraint: 'not null default 0' },
  { name: 'commit_id', content: 'id', constraint: 'null' },
  { name: 'user_id', content: 'userId', constraint: 'null' },
  { name: 'max_age', content: 'ms', constraint: 'null' },
  { name: 'lease_id', content: 'id', constraint: 'null' },
  { name: 'lease_expires_at', content: 'time', constraint: 'null' },
  { name: 'created_at', content: 'time', constraint: 'not null' },
  { name: 'updated_at', content: 'time', constraint: 'not null' },
  { name: 'expires_at', content: 'time', constraint: 'not null' },
];

/**
 * The columns that each later layout adds, from layout 2 on. All allow null, because processes of an older version insert rows
 * without them, before and after an upgrade. Each layout adds at least one column, which identifies it.
 *
 * The code that writes these texts limits their length. A sealed text is longer, so the columns have no limit.
 */
const LATER_LAYOUTS: readonly (readonly TableColumn[])[] = [
  [
    { name: 'cookie_attributes', content: 'text', constraint: 'null' },
    { name: 'user_agent', content: 'text', constraint: 'null' },
    { name: 'ip_address', content: 'text', constraint: 'null' },
    { name: 'device_label', content: 'text', constraint: 'null' },
    { name: 'last_seen_at', content: 'time', constraint: 'null' },
    { name: 'watched_until', content: 'time', constraint: 'null' },
  ],
];

/** The first layout with columns for the device of a login. */
export const LAYOUT_WITH_DEVICES = 2;

/** The first layout with a table of leases. */
export const LAYOUT_WITH_LEASES = 2;

/** The newest layout, which `createTable` creates. */
export const LAYOUT = 1 + LATER_LAYOUTS.length;

/** The columns of the sessions table. Their order is that of the layouts, so that an upgraded table equals a new one. */
export const SESSION_COLUMNS: readonly TableColumn[] = [...FIRST_LAYOUT, ...LATER_LAYOUTS.flat()];

/** The columns of the table of leases. It has a row for each leased session and name. */
export const LEASE_COLUMNS: readonly TableColumn[] = [
  { name: 'session_id', content: 'key', constraint: 'not null' },
  { name: 'name', content: 'name', constraint: 'not null' },
  { name: 'lease_id', content: 'id', constraint: 'not null' },
  { name: 'expires_at', content: 'time', constraint: 'not null' },
];

/** The primary key of the table of leases. */
export const LEASE_KEY = 'primary key (session_id, name)';

/** Returns the name of a sessions table's table of leases. */
export function leaseTableOf(table: string): string {
  return `${table}_leases`;
}

/** Returns a column in the form of `create table` and `alter table … add column`. */
export function columnDefinition({ name, content, constraint }: TableColumn, types: ColumnTypes): string {
  return `${name} ${types[content]} ${constraint}`;
}

/** Returns columns in the form of `create table`. */
export function columnDefinitions(columns: readonly TableColumn[], types: ColumnTypes): string {
  return columns.map((column) => columnDefinition(column, types)).join(', ');
}

/** The layout of a sessions table, and what is missing for the newest one. */
export interface TableLayout {
  /** The number of the layout; 0 if columns of the first layout are missing. */
  readonly version: number;
  /** The missing columns. `lock_version` is not among them: the option `locking` decides about it. */
  readonly missing: readonly TableColumn[];
  readonly hasLeases: boolean;
}

/**
 * Finds the layout of a sessions table by its columns and by its table of leases.
 *
 * @param columns the names of its columns
 * @param leaseColumns the names of the columns of its table of leases; empty if there is no such table
 */
export function layoutOf(columns: readonly string[], leaseColumns: readonly string[]): TableLayout {
  const isMissing = ({ name }: TableColumn) => name !== 'lock_version' && !columns.includes(name);
  const hasLeases = LEASE_COLUMNS.every(({ name }) => leaseColumns.includes(name));
  const layouts = [FIRST_LAYOUT, ...LATER_LAYOUTS];
  const firstUnfinished = layouts.findIndex((added, n) => added.some(isMissing) || (n + 1 === LAYOUT_WITH_LEASES && !hasLeases));
  return { version: firstUnfinished === -1 ? LAYOUT : firstUnfinished, missing: SESSION_COLUMNS.filter(isMissing), hasLeases };
}
