import { driverError } from './driver-error.js';
import { RIGHTS, indexesIn, lengthOf, type Inspection, type TablePlace } from './inspection.js';
import { COLUMN_TYPES, postgresql } from './postgresql.dialect.js';
import { qualifiedName } from './qualified-name.js';
import type { ColumnContent } from './table-layout.js';

/** PostgreSQL's own default. */
const FULL = 100;

const nameOf = (table: string, schema: string | undefined) => qualifiedName(postgresql.quote, table, schema);

const nameAt = ({ table, schema }: TablePlace) => nameOf(table, schema);

const { quote } = postgresql;

/** The types that keep every value of a content, besides texts, whose length counts. */
const FITTING: Readonly<Partial<Record<ColumnContent, RegExp>>> = {
  count: /^(integer|bigint)$/,
  ms: /^bigint$/,
  time: /^timestamp(\([3-6]\))? with time zone$/,
};

/** The shortest texts. The others have no limit. */
const LENGTHS: Readonly<Partial<Record<ColumnContent, number>>> = { key: 255, id: 36, userId: 255, name: 255 };

/** The schemas of the search path, with those to which the user has no right. `current_schemas` leaves them out. */
const SEARCHED = "regexp_split_to_array(replace(current_setting('search_path'), '\"$user\"', quote_ident(current_user)), '\\s*,\\s*')";

/** Inspects PostgreSQL. */
export const postgresqlInspection: Inspection = {
  oldestTested: [15],

  async version(run) {
    const { rows } = await run("select current_setting('server_version') as version");
    return String(rows[0]?.version);
  },

  async isolation(run) {
    const { rows } = await run("select current_setting('transaction_isolation') as level");
    return String(rows[0]?.level);
  },

  async indexes(run, table, schema) {
    const { rows } = await run(
      'select c.relname as name, cast(i.indisprimary as int) as is_primary, cast(i.indisvalid as int) as is_used, ' +
        'string_agg(a.attname, $2 order by k.n) as columns ' +
        'from pg_index i, unnest(i.indkey) with ordinality as k(attnum, n), pg_attribute a, pg_class c ' +
        'where i.indrelid = to_regclass($1) and a.attrelid = i.indrelid and a.attnum = k.attnum and c.oid = i.indexrelid ' +
        'and i.indpred is null group by i.indexrelid, c.relname, i.indisprimary, i.indisvalid',
      [nameOf(table, schema), ','],
    );
    return indexesIn(rows);
  },

  repairOf({ name }, { schema }) {
    const index = qualifiedName(quote, name, schema);
    return (
      `An aborted \`create index concurrently\` leaves such an index. If none is running, rebuild it: reindex index concurrently ${index}. ` +
      `Or delete it, and create it again: drop index concurrently ${index}.`
    );
  },

  createIndex: ({ table, schema }, column) =>
    `create index concurrently ${quote(`${table}_${column}_index`)} on ${nameOf(table, schema)} (${column})`,

  primaryKeyOn(place, columns, now) {
    const dropped = now ? `drop constraint ${quote(now.name)}, ` : '';
    return `Create it: alter table ${nameAt(place)} ${dropped}add primary key (${columns}).`;
  },

  async columnTypes(run, { table, schema }) {
    const { rows } = await run(
      'select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped',
      [nameOf(table, schema)],
    );
    return new Map(rows.map(({ name, type }) => [String(name), String(type)]));
  },

  fits({ content }, type) {
    const wanted = FITTING[content];
    if (wanted) return wanted.test(type);
    return (lengthOf(type, ['text', 'character varying']) ?? 0) >= (LENGTHS[content] ?? Infinity);
  },

  changeType: (place, { name, content }) =>
    `Change it: alter table ${nameAt(place)} alter column ${name} type ${COLUMN_TYPES[content]} using cast(${name} as ${COLUMN_TYPES[content]}).`,

  async isUnlogged(run, { table, schema }) {
    const { rows } = await run("select relpersistence <> 'p' as is_unlogged from pg_class where oid = to_regclass($1)", [
      nameOf(table, schema),
    ]);
    return rows[0]?.is_unlogged === true;
  },

  // to_regclass fails for a named schema without the right to use it, and leaves out those of the search path.
  async hiddenBy(run, { table, schema }) {
    const { rows } = await run(
      'select quote_ident(n.nspname) as schema, quote_ident(current_user) as role from pg_class c, pg_namespace n ' +
        "where n.oid = c.relnamespace and c.relname = $1 and not has_schema_privilege(n.oid, 'usage') " +
        `and (n.nspname = $2 or ($2 is null and quote_ident(n.nspname) = any (${SEARCHED})))`,
      [table, schema ?? null],
    );
    return rows[0] && `the user ${rows[0].role} has no right to use the schema ${rows[0].schema}, which has it`;
  },

  async grants(run, { table, schema }) {
    const { rows } = await run(
      "select format('%I.%I', n.nspname, c.relname) as name, quote_ident(n.nspname) as schema, quote_ident(current_user) as role, " +
        "has_schema_privilege(n.oid, 'usage') as has_usage from pg_class c, pg_namespace n " +
        `where n.oid = c.relnamespace and c.relname = $1 and (n.nspname = $2 or ($2 is null and quote_ident(n.nspname) = any (${SEARCHED}))) ` +
        `order by array_position(${SEARCHED}, quote_ident(n.nspname)) limit 1`,
      [table, schema ?? null],
    );
    return rows.flatMap(({ name, schema: found, role, has_usage: hasUsage }) => [
      ...(hasUsage ? [] : [`grant usage on schema ${found} to ${role}`]),
      `grant ${RIGHTS} on ${name} to ${role}`,
    ]);
  },

  isReadOnly: (error) => driverError(error).code === '25006',
  adviceForReadOnly:
    "Connect to the primary, not to a standby. If it is the primary, look for what sets default_transaction_read_only: select source, sourcefile from pg_settings where name = 'default_transaction_read_only'.",

  async fillfactor(run, table, schema) {
    const { rows } = await run(
      "select (select option_value from pg_options_to_table(reloptions) where option_name = 'fillfactor') as fillfactor " +
        "from pg_class where oid = to_regclass($1) and relkind = 'r'",
      [nameOf(table, schema)],
    );
    return rows[0] && Number(rows[0].fillfactor ?? FULL);
  },
};
