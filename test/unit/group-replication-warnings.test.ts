import { groupReplicationWarnings } from '../../src/dialects/group-replication.warnings.js';

/** A server with these settings. */
const warningsWith = (settings: Record<string, string>) =>
  groupReplicationWarnings(async () => ({
    rows: Object.entries(settings).map(([name, Value]) => ({ Variable_name: `group_replication_${name}`, Value })),
    affected: 0,
  }));

const SEVERAL_PRIMARIES = { group_name: '6ed1b2f6-1f2c-4d6c-9c43-6f0c1f1a6f7e', single_primary_mode: 'OFF' };

describe('the warnings about a Group Replication', () => {
  it.each(['EVENTUAL', 'BEFORE_ON_PRIMARY_FAILOVER'])('warn of several primaries with the consistency %s', async (consistency) => {
    expect(await warningsWith({ ...SEVERAL_PRIMARIES, consistency })).toEqual([
      `The database is one of several primaries of a Group Replication with group_replication_consistency = ${consistency}. A request on ` +
        'another member may read an older version of a session, find no session, or fail to destroy it. ' +
        'Set `group_replication_consistency = BEFORE` in the configuration of each member.',
    ]);
  });

  it.each(['BEFORE', 'AFTER', 'BEFORE_AND_AFTER'])('accept several primaries with the consistency %s', async (consistency) => {
    expect(await warningsWith({ ...SEVERAL_PRIMARIES, consistency })).toEqual([]);
  });

  it('say nothing of one primary, of a server in no group, and of one without the plugin', async () => {
    expect(await warningsWith({ ...SEVERAL_PRIMARIES, single_primary_mode: 'ON', consistency: 'EVENTUAL' })).toEqual([]);
    expect(await warningsWith({ group_name: '', single_primary_mode: 'OFF', consistency: 'EVENTUAL' })).toEqual([]);
    expect(await warningsWith({})).toEqual([]);
  });
});
