import { indexesIn, type Inspection } from './inspection.js';

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

  async indexes(run, table, schema) {
    const { rows } = await run(
      "select index_name = 'PRIMARY' as is_primary, group_concat(column_name order by seq_in_index separator ',') as columns " +
        'from information_schema.statistics where table_schema = coalesce(?, database()) and table_name = ? group by index_name',
      [schema ?? null, table],
    );
    return indexesIn(rows);
  },
};

/** Inspects MariaDB. */
export const mariadbInspection: Inspection = { ...mysqlInspection, oldestTested: [10, 11] };
