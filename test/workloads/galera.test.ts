import { report } from '../support/fault-site.js';
import { HAS_GALERA } from '../support/galera.js';
import { serverTree, TREE_OBSTACLE } from '../support/server-tree.js';
import { breachesOf, figuresOf } from './figures.js';
import { GaleraWorkloads } from './galera-workloads.js';

const TERMS = { seconds: Number(process.env.WORKLOAD_SECONDS ?? 10), clients: 9, keys: 3, seed: 1 };
const WAYS = [
  { locking: 'optimistic', repository: 'SqlSessionRepository' },
  { locking: 'optimistic', repository: 'EntityManagerSessionRepository' },
  { locking: 'pessimistic', repository: 'SqlSessionRepository' },
  { locking: 'pessimistic', repository: 'EntityManagerSessionRepository' },
] as const;
/** The isolations, and whether they let a transaction overwrite what it has not read. */
const ISOLATIONS = [
  { isolation: 'read committed', hasSnapshotIsolation: false, overwrites: true },
  { isolation: 'repeatable read', hasSnapshotIsolation: false, overwrites: true },
  { isolation: 'repeatable read', hasSnapshotIsolation: true, overwrites: false },
  { isolation: 'serializable', hasSnapshotIsolation: false, overwrites: false },
] as const;

const CLUSTERS = [
  { name: "this machine's Galera", obstacle: HAS_GALERA ? undefined : 'galera-4 or rsync is not installed', place: async () => undefined },
  { name: 'Galera of MariaDB 11.8', obstacle: TREE_OBSTACLE, place: () => serverTree('galera-11.8') },
];

describe.each(CLUSTERS)('$name', ({ name, obstacle, place }) => {
  if (obstacle) {
    it.skip(`SKIPPED: ${obstacle}`, () => undefined);
    return;
  }
  let workloads: GaleraWorkloads;
  beforeAll(async () => {
    workloads = await GaleraWorkloads.open(await place());
  }, 240_000);
  afterAll(() => workloads?.close(), 60_000);

  describe.each([0, 1, 3, 7])('wsrep_sync_wait = %d', (syncWait) => {
    const timeout = TERMS.seconds * 1000 + 90_000;

    it.each(WAYS)(
      'this library keeps the laws, $locking, $repository',
      async (way) => {
        const recording = await workloads.throughLibrary({ ...way, syncWait }, TERMS);
        report('mariadb', `${name}, library`, { ...way, syncWait, ...figuresOf(recording) });
        const { staleReads, ...others } = breachesOf(recording);
        expect(Object.values(others)).toEqual(Object.values(others).map(() => 0));
        if (syncWait > 0) expect(staleReads).toBe(0);
      },
      timeout,
    );

    it.each(ISOLATIONS)(
      'transactions beside it, $isolation, innodb_snapshot_isolation $hasSnapshotIsolation, overwrite others: $overwrites',
      async ({ isolation, hasSnapshotIsolation, overwrites }) => {
        const recording = await workloads.throughDriver({ isolation, hasSnapshotIsolation, syncWait }, TERMS);
        report('mariadb', `${name}, driver`, { isolation, hasSnapshotIsolation, syncWait, ...figuresOf(recording) });
        const { overtakenAppends, lostIncrements, lostExchanges } = breachesOf(recording);
        expect({ overwrites: overtakenAppends! > 0, loses: lostIncrements! > 0, lostExchanges }).toEqual({
          overwrites,
          loses: overwrites,
          lostExchanges: 0,
        });
      },
      timeout,
    );
  });
});
