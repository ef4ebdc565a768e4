import { indexesIn, type Inspection } from './inspection.js';
import { postgresql } from './postgresql.dialect.js';
import { qualifiedName } from './qualified-name.js';

/** PostgreSQL's own default. */
const FULL = 100;

const nameOf = (table: string, schema: string | undefined) => qualifiedName(postgresql.quote, table, schema);

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
      'select cast(i.indisprimary as int) as is_primary, string_agg(a.attname, $2 order by k.n) as columns ' +
        'from pg_index i, unnest(i.indkey) with ordinality as k(attnum, n), pg_attribute a ' +
        'where i.indrelid = to_regclass($1) and a.attrelid = i.indrelid and a.attnum = k.attnum ' +
        'and i.indpred is null and i.indisvalid group by i.indexrelid, i.indisprimary',
      [nameOf(table, schema), ','],
    );
    return indexesIn(rows);
  },

  async fillfactor(run, table, schema) {
    const { rows } = await run(
      "select (select option_value from pg_options_to_table(reloptions) where option_name = 'fillfactor') as fillfactor " +
        "from pg_class where oid = to_regclass($1) and relkind = 'r'",
      [nameOf(table, schema)],
    );
    return rows[0] && Number(rows[0].fillfactor ?? FULL);
  },
};
