import { setTimeout as sleep } from 'node:timers/promises';
import { describeUnless } from '../support/describe-unless.js';
import { report } from '../support/fault-site.js';
import { GaleraCluster } from '../support/galera-cluster.js';
import { DriverStore } from './driver-store.js';
import { figuresOf } from './figures.js';
import { recordWorkload } from './record.js';

const SECONDS = Number(process.env.WORKLOAD_SECONDS ?? 80);
const TERMS = { seconds: SECONDS, clients: 15, keys: 4, seed: 1 };

/** How long the pauses of a node are, in ms: some are shorter than the others take to drop it, and some are longer. */
const PAUSES = [800, 1700, 2600, 3500];
const BETWEEN = 1500;

/** Losses of a driver's statements. The tests only measure: how much is lost depends on chance. */
describeUnless(await GaleraCluster.findObstacle('galera-11.8'), 'Workloads on nodes that are paused', () => {
  let cluster: GaleraCluster;

  // Nodes that have lost something may differ, so that each run needs a cluster of its own.
  beforeEach(async () => {
    cluster = await GaleraCluster.open({ version: 'galera-11.8' });
  }, 300_000);
  afterEach(() => cluster?.close(), 60_000);

  it.each([
    { syncWait: 7, appliers: 4 },
    { syncWait: 0, appliers: 4 },
    { syncWait: 0, appliers: 1 },
  ])(
    'measures statements of a driver, wsrep_sync_wait = $syncWait, $appliers appliers',
    async ({ syncWait, appliers }) => {
      for (const node of cluster.nodes) await node.run((run) => run(`set global wsrep_slave_threads = ${appliers}`));
      const addresses = cluster.nodes.map(({ address }) => address);
      const store = new DriverStore(addresses, { isolation: 'repeatable read', hasSnapshotIsolation: true, syncWait });
      try {
        await store.create(TERMS.keys);
        const [recording] = await Promise.all([recordWorkload(store, TERMS), pauseInTurn()]);
        const exchanged = recording.operations.filter(({ answer }) => answer.isExchanged).length;
        report('mariadb', 'nodes paused in turn', { syncWait, appliers, exchanged, ...figuresOf(recording) });
        expect(exchanged).toBeGreaterThan(0);
      } finally {
        await store.close();
      }
    },
    SECONDS * 1000 + 240_000,
  );

  async function pauseInTurn(): Promise<void> {
    for (let n = 0, until = performance.now() + SECONDS * 1000; performance.now() < until; n++) {
      const node = cluster.nodes[n % cluster.nodes.length]!;
      node.pause();
      await sleep(PAUSES[n % PAUSES.length]);
      node.resume();
      await sleep(BETWEEN);
    }
  }
});
