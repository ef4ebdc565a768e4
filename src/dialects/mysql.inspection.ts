import { driverError } from './driver-error.js';
import { RIGHTS, lengthOf, type Inspection, type TablePlace } from './inspection.js';
import { COLUMN_TYPES, mysql } from './mysql.dialect.js';
import { qualifiedName } from './qualified-name.js';
import { columnDefinition, type ColumnContent } from './table-layout.js';
import { reasonIn } from '../shared/redaction.js';

const { quote } = mysql;
const nameAt = ({ table, schema }: TablePlace) => qualifiedName(quote, table, schema);

/** ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR and ER_COLUMNACCESS_DENIED_ERROR */
const DENIED = new Set<unknown>([1044, 1142, 1143]);

/** ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION and ER_READ_ONLY_MODE */
const READ_ONLY = new Set<unknown>([1290, 1792, 1836]);

/** The types that keep every value of a content, besides texts, whose length counts. MariaDB and older versions of MySQL add a width. */
const FITTING: Readonly<Partial<Record<ColumnContent, RegExp>>> = {
  count: /^(int|bigint)(\(\d+\))?( unsigned)?$/,
  ms: /^bigint(\(\d+\))?( unsigned)?$/,
  time: /^datetime\([3-6]\)$/,
};

/** The most bytes of a text. */
const BYTES: Readonly<Record<string, number>> = { tinytext: 255, text: 2 ** 16 - 1, mediumtext: 2 ** 24 - 1, longtext: 2 ** 32 - 1 };

/** The shortest texts. */
const LENGTHS: Readonly<Partial<Record<ColumnContent, number>>> = { key: 255, id: 36, userId: 255, name: 255, text: 2 ** 16 - 1 };

/** Inspects MySQL. */
export const mysqlInspection: Inspection = {
  oldestTested: [9, 7],

  async version(run) {
    const { rows } = await run('select version() as version');
    return String(rows[0]?.version);
  },

  // The name differs between MySQL and older versions of MariaDB.
  async isolation(run) {
    const { rows } = await run("show variables where variable_name in ('transaction_isolation', 'tx_isolation')");
    return String(rows[0]?.Value);
  },

  // `show index` says whether an index is used. information_schema has a column of another name for it in each of the two databases.
  async indexes(run, table, schema) {
    const { rows } = await run(`show index from ${qualifiedName(quote, table, schema)}`);
    const parts = rows.map((row) => ({
      name: String(row.Key_name),
      column: String(row.Column_name),
      isUsed: row.Visible !== 'NO' && row.Ignored !== 'YES',
    }));
    return [...new Set(parts.map(({ name }) => name))].map((name) => {
      const own = parts.filter((part) => part.name === name);
      return { name, columns: own.map(({ column }) => column), isPrimary: name === 'PRIMARY', isUsed: own.every(({ isUsed }) => isUsed) };
    });
  },

  repairOf: ({ name }, place) => `Make it visible: alter table ${nameAt(place)} alter index ${quote(name)} visible.`,

  createIndex: (place, column) => `create index ${quote(`${place.table}_${column}_index`)} on ${nameAt(place)} (${column})`,

  primaryKeyOn: (place, columns, now) =>
    `Create it: alter table ${nameAt(place)} ${now ? 'drop primary key, ' : ''}add primary key (${columns}).`,

  async columnTypes(run, { table, schema }) {
    const { rows } = await run(
      'select column_name as name, column_type as type from information_schema.columns where table_schema = coalesce(?, database()) and table_name = ?',
      [schema ?? null, table],
    );
    return new Map(rows.map(({ name, type }) => [String(name), String(type)]));
  },

  fits({ content }, type, maxBytes) {
    const wanted = FITTING[content];
    if (wanted) return wanted.test(type);
    return (BYTES[type] ?? lengthOf(type, ['varchar']) ?? 0) >= (content === 'data' ? maxBytes : LENGTHS[content]!);
  },

  changeType: (place, column) => `Change it: alter table ${nameAt(place)} modify ${columnDefinition(column, COLUMN_TYPES)}.`,

  // The server does not tell a user without rights to a table whether it exists.
  async hiddenBy(run, { table, schema }) {
    try {
      await run(`select 1 from ${qualifiedName(quote, table, schema)} where 1 = 0`);
    } catch (error) {
      if (DENIED.has(driverError(error).errno)) return `the user has no right to read it: ${reasonIn(error)}`;
    }
    return undefined;
  },

  async grants(run, { table, schema }) {
    const { rows } = await run('select current_user() as user, database() as name');
    const [, user = '', host = ''] = /^(.*)@(.*)$/s.exec(String(rows[0]?.user)) ?? [];
    const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
    return [`grant ${RIGHTS} on ${qualifiedName(quote, table, schema ?? String(rows[0]?.name))} to ${text(user)}@${text(host)}`];
  },

  isReadOnly: (error) => READ_ONLY.has(driverError(error).errno),
  adviceForReadOnly:
    "Connect to the primary, not to a replica. If it is the primary, look for what sets read_only: show global variables like '%read_only'.",
};

/** Inspects MariaDB. */
export const mariadbInspection: Inspection = {
  ...mysqlInspection,
  oldestTested: [10, 11],
  repairOf: ({ name }, place) => `Make it visible: alter table ${nameAt(place)} alter index ${quote(name)} not ignored.`,
};
