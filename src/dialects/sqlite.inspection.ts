import { indexesIn, type Inspection } from './inspection.js';

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
      "select 0 as is_primary, (select group_concat(name, ',') from pragma_index_info(found.name, ?)) as columns " +
        'from pragma_index_list(?, ?) as found where not partial ' +
        "union all select 1, group_concat(name, ',') from (select name from pragma_table_info(?, ?) where pk > 0 order by pk) having count(*) > 0",
      [schema, table, schema, table, schema],
    );
    return indexesIn(rows);
  },
};
