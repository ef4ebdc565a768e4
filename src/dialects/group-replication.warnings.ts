import type { RunStatement } from './run-statement.js';

/** Values of `group_replication_consistency` with which a member may run statements on old versions of sessions. */
const STALE = new Set(['EVENTUAL', 'BEFORE_ON_PRIMARY_FAILOVER']);

/** Returns a warning if the server is one of several primaries of a Group Replication and may run statements on old versions of sessions. */
export async function groupReplicationWarnings(run: RunStatement): Promise<readonly string[]> {
  const { rows } = await run("show variables like 'group\\_replication\\_%'");
  const settings = new Map(rows.map((row) => [row.Variable_name, String(row.Value)]));
  const consistency = settings.get('group_replication_consistency') ?? '';
  const isInGroup = Boolean(settings.get('group_replication_group_name'));
  if (!isInGroup || settings.get('group_replication_single_primary_mode') !== 'OFF' || !STALE.has(consistency)) return [];
  return [
    `The database is one of several primaries of a Group Replication with group_replication_consistency = ${consistency}. A request on another member may read an older version of a session, find no session, or fail to destroy it. Set \`group_replication_consistency = BEFORE\` in the configuration of each member.`,
  ];
}
