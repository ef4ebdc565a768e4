import type { RunStatement } from './run-statement.js';

/** The bits of `wsrep_sync_wait` for reads, and for updates and deletions. Certification covers inserts. */
const NEEDED = 1 + 2;

/** Returns a warning if the server is a node of a Galera cluster and may run statements on old versions of sessions. */
export async function galeraWarnings(run: RunStatement): Promise<readonly string[]> {
  // `select @@wsrep_on` is an error on MySQL.
  const { rows } = await run("show variables where variable_name in ('wsrep_on', 'wsrep_sync_wait')");
  const settings = new Map(rows.map((row) => [row.Variable_name, String(row.Value)]));
  const value = Number(settings.get('wsrep_sync_wait'));
  if (settings.get('wsrep_on') !== 'ON' || (value & NEEDED) === NEEDED) return [];
  return [
    `The database is a Galera node with wsrep_sync_wait = ${value}. A request on another node may read an older version of a session, find no session, or fail to destroy it. Set \`wsrep_sync_wait = 7\` in the configuration of each node.`,
  ];
}
