import { describeUnless } from '../support/describe-unless.js';
import { PATRONI_OBSTACLE, PatroniCluster, type PatroniSettings } from '../support/patroni/patroni-cluster.js';
import { PATRONI_OVERWRITES_LOCKS } from '../support/patroni/programs.js';
import { HAS_FAKETIME } from '../support/skewed-clock.js';
import { HAS_STRACE } from '../support/slow-disk.js';
import { Nemesis } from './nemesis.js';
import { MACHINE_FAULTS } from './patroni/machine-faults.js';
import { NETWORK_FAULTS } from './patroni/network-faults.js';
import { PROCESS_FAULTS } from './patroni/process-faults.js';

/** The faults that can be caused on this machine. */
const FAULTS = { ...PROCESS_FAULTS, ...NETWORK_FAULTS, ...MACHINE_FAULTS };

/** The ways to set the cluster up, and the faults that happen to it. */
const WAYS: Readonly<Record<string, { readonly settings: PatroniSettings; readonly faults: readonly string[] }>> = {
  'recommended settings': { settings: {}, faults: Object.keys(FAULTS) },
  'a proxy that leaves connections open': {
    settings: { closing: false },
    faults: [
      'the primary killed',
      'Patroni of the primary killed',
      'a switchover to the standby',
      'the primary paused',
      'Patroni of the primary paused',
      'the primary cut off from all other servers',
    ],
  },
  'commits that always wait for a standby': { settings: { strict: true }, faults: ['both standbys killed'] },
  'failsafe mode': { settings: { failsafe: true }, faults: ['two of three etcd servers killed', 'the primary cut off from etcd'] },
  "version 3 of etcd's protocol": { settings: { etcdVersion: 3 }, faults: ['the primary paused', 'PostgreSQL of the primary paused'] },
};

if (!HAS_FAKETIME) process.stderr.write('\nFaults of clocks: SKIPPED, faketime is not installed\n');
if (!HAS_STRACE) process.stderr.write('\nFaults of disks: SKIPPED, strace is not installed\n');

describeUnless(PATRONI_OBSTACLE, 'PostgreSQL with Patroni', () => {
  describe.each(Object.entries(WAYS))('with %s', (way, { settings, faults }) => {
    let cluster: PatroniCluster;
    let nemesis: Nemesis;

    beforeAll(async () => {
      cluster = await PatroniCluster.open(settings);
      nemesis = await Nemesis.open(cluster, 'nemesis');
    }, 120_000);
    afterAll(async () => {
      await nemesis?.close();
      await cluster?.close();
    }, 60_000);

    it.each(faults)(
      'keeps every law: %s',
      async (fault) => {
        const { breaches } = await nemesis.run(`${fault}, with ${way}`, (progress) => FAULTS[fault]!(cluster, progress));
        // This fault of Patroni loses what the new primary has acknowledged.
        if (settings.etcdVersion === 3 && PATRONI_OVERWRITES_LOCKS) return;
        expect(breaches).toEqual({});
      },
      300_000,
    );
  });
});
