import { driverError } from './driver-error.js';
import { indexesIn, type Inspection } from './inspection.js';
import { qualifiedName } from './qualified-name.js';
import { sqlite } from './sqlite.dialect.js';
import type { ColumnContent } from './table-layout.js';

const { quote } = sqlite;

const ANEW = 'SQLite cannot change that. Rename the table, create it with `npx smart-session create-table --run`, and copy its rows.';

const NUMBERS: ReadonlySet<ColumnContent> = new Set(['count', 'ms', 'time']);

/**
 * SQLite limits no length. It turns a text of digits into a number, unless the type has the affinity of a text or of a blob
 * (https://sqlite.org/datatype3.html, 3.1).
 */
const isOfText = (type: string) => !/int/i.test(type) && (/char|clob|text|blob/i.test(type) || type === '');

/** Inspects SQLite. */
export const sqliteInspection: Inspection = {
  // The driver brings its own SQLite.
  oldestTested: [],

  async version(run) {
    const { rows } = await run('select sqlite_version() as version');
    return String(rows[0]?.version);
  },

  isolation: async () => 'serializable',

  async indexes(run, table, schema = 'main') {
    const { rows } = await run(
      "select name, 0 as is_primary, (select group_concat(name, ',') from pragma_index_info(found.name, ?)) as columns " +
        'from pragma_index_list(?, ?) as found where not partial ' +
        "union all select 'primary key', 1, group_concat(name, ',') from (select name from pragma_table_info(?, ?) where pk > 0 order by pk) having count(*) > 0",
      [schema, table, schema, table, schema],
    );
    return indexesIn(rows);
  },

  // SQLite wants the schema before the index's name, not before the table's.
  createIndex: ({ table, schema }, column) =>
    `create index ${qualifiedName(quote, `${table}_${column}_index`, schema)} on ${quote(table)} (${column})`,

  primaryKeyOn: () => ANEW,

  async columnTypes(run, { table, schema = 'main' }) {
    const { rows } = await run('select name, type from pragma_table_info(?, ?)', [table, schema]);
    return new Map(rows.map(({ name, type }) => [String(name), String(type)]));
  },

  fits: ({ content }, type) => !(NUMBERS.has(content) ? /char|clob|text/i.test(type) && !/int/i.test(type) : !isOfText(type)),

  changeType: () => ANEW,

  isReadOnly: (error) => driverError(error).code?.startsWith('SQLITE_READONLY') === true,
  adviceForReadOnly: 'Give the process the right to write to the file and its folder, and open the file without `readonly`.',
};
