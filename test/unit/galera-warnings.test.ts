import { galeraWarnings } from '../../src/dialects/galera.warnings.js';

/** A server with these settings. */
const warningsWith = (settings: Record<string, string>) =>
  galeraWarnings(async () => ({
    rows: Object.entries(settings).map(([Variable_name, Value]) => ({ Variable_name, Value })),
    affected: 0,
  }));

describe('the warnings about a Galera cluster', () => {
  it.each(['0', '1', '2', '4', '5', '6'])('warn of wsrep_sync_wait = %s', async (value) => {
    expect(await warningsWith({ wsrep_on: 'ON', wsrep_sync_wait: value })).toEqual([
      `The database is a Galera node with wsrep_sync_wait = ${value}. A request on another node may read an older version of a session, ` +
        'find no session, or fail to destroy it. Set `wsrep_sync_wait = 7` in the configuration of each node.',
    ]);
  });

  it.each(['3', '7', '15'])('accept wsrep_sync_wait = %s', async (value) => {
    expect(await warningsWith({ wsrep_on: 'ON', wsrep_sync_wait: value })).toEqual([]);
  });

  it('say nothing on a single server, or without such settings', async () => {
    expect(await warningsWith({ wsrep_on: 'OFF', wsrep_sync_wait: '0' })).toEqual([]);
    expect(await warningsWith({})).toEqual([]);
  });
});
