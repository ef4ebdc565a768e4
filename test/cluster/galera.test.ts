import { galeraWarnings } from '../../src/dialects/galera.warnings.js';
import { describeUnless } from '../support/describe-unless.js';
import { FaultSite, SOUND, report } from '../support/fault-site.js';
import { HAS_GALERA, type GaleraNode } from '../support/galera.js';
import { startGalera } from '../support/start-galera.js';
import { breachesOf, figuresOf } from '../workloads/figures.js';
import { GaleraWorkloads } from '../workloads/galera-workloads.js';

/** How often one asks another node right after an answer. */
const READS = process.env.CLUSTER === 'short' ? 60 : 200;
const REQUESTS = process.env.CLUSTER === 'short' ? 300 : 1000;
/** npm run test:workloads runs them in all settings, for longer. */
const WORKLOAD = { seconds: process.env.CLUSTER === 'short' ? 3 : 6, clients: 9, keys: 3, seed: 1 };

const OBSTACLE = HAS_GALERA ? undefined : 'galera-4 or rsync is not installed';

describeUnless(OBSTACLE, 'a Galera cluster of three nodes, with a process of the app on each', () => {
  let nodes: GaleraNode[];
  let site: FaultSite;

  beforeAll(async () => {
    nodes = await startGalera();
    site = FaultSite.around(nodes[0]!);
  }, 120_000);
  afterEach(() => site.endApps(), 20_000);
  afterAll(async () => {
    await site?.close();
    await Promise.all((nodes ?? []).slice(1).map((node) => node.stop()));
  }, 60_000);

  /** Statements wait until what other nodes have committed has arrived: 7 for all of them, 0 for none. */
  const setSyncWait = (value: number) => Promise.all(nodes.map((node) => node.run((run) => run(`set global wsrep_sync_wait = ${value}`))));
  const startApps = (settings: Parameters<FaultSite['startApps']>[1] = {}) =>
    site.startApps(nodes.length, { through: (n) => nodes[n]!.address, options: { timeout: 8000 }, ...settings });

  it.each([
    { locking: 'optimistic', repository: 'SqlSessionRepository' },
    { locking: 'pessimistic', repository: 'SqlSessionRepository' },
    { locking: 'pessimistic', repository: 'EntityManagerSessionRepository' },
  ] as const)(
    'F10: loses nothing where requests of one session meet on different nodes, $locking, $repository',
    async ({ locking, repository }) => {
      await setSyncWait(7);
      await startApps({ repository, options: { locking, timeout: 8000 } });
      const load = await site.startLoad({ clients: 24 });
      await load.progress(REQUESTS);
      expect(await site.conclude(load, `conflicts on 3 nodes, ${locking}, ${repository}`)).toEqual(SOUND);
      expect(load.other).toEqual({});
    },
    120_000,
  );

  it('CommitBeforeAnswer: another node shows what was answered, with wsrep_sync_wait = 7', async () => {
    const stale: Record<string, number> = {};
    for (const value of [0, 7]) {
      await setSyncWait(value);
      await startApps();
      const load = await site.startLoad({ clients: 6 });
      stale[value] = await staleReads();
      expect(await site.conclude(load, `${stale[value]} of ${READS} reads on another node stale, wsrep_sync_wait = ${value}`)).toEqual(
        SOUND,
      );
      await site.endApps();
    }
    expect(stale[7]).toBe(0);
  }, 120_000);

  /** Writes through one process and reads through another, at once. */
  async function staleReads(): Promise<number> {
    let stale = 0;
    const [writer, reader] = site.apps.map(({ url }) => url);
    const first = await fetch(`${writer}/keys/start`, { method: 'POST' });
    const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!;
    for (let n = 0; n < READS; n++) {
      const { status } = await fetch(`${writer}/keys/n${n}`, { method: 'POST', headers: { cookie } });
      if (status !== 201) continue;
      const session = (await (await fetch(`${reader}/session`, { headers: { cookie } })).json()) as object;
      if (!(`n${n}` in session)) stale++;
    }
    return stale;
  }

  it.each(['optimistic', 'pessimistic'] as const)(
    'keeps the laws of lists, counters and registers that nodes share, %s',
    async (locking) => {
      const repository = 'SqlSessionRepository';
      const recording = await GaleraWorkloads.on(nodes).throughLibrary({ locking, repository, syncWait: 7 }, WORKLOAD);
      report('mariadb', `workloads, ${locking}`, figuresOf(recording));
      expect(Object.entries(breachesOf(recording)).filter(([, count]) => count > 0)).toEqual([]);
    },
    60_000,
  );

  it('beside it, transactions that read and then write lose updates', async () => {
    const settings = { isolation: 'read committed', hasSnapshotIsolation: false, syncWait: 7 } as const;
    const recording = await GaleraWorkloads.on(nodes).throughDriver(settings, WORKLOAD);
    report('mariadb', 'workloads, transactions', figuresOf(recording));
    const { overtakenAppends, lostIncrements } = breachesOf(recording);
    expect(overtakenAppends! + lostIncrements!).toBeGreaterThan(0);
  }, 60_000);

  it('warns of a node that does not wait for what other nodes have committed', async () => {
    await setSyncWait(0);
    expect(await nodes[0]!.run(galeraWarnings)).toHaveLength(1);
    await setSyncWait(7);
    expect(await nodes[0]!.run(galeraWarnings)).toEqual([]);
  });

  it('loses nothing when a node is killed under load and joins again', async () => {
    await setSyncWait(7);
    await startApps();
    const load = await site.startLoad({ clients: 24 });
    await load.progress(200);
    await nodes[2]!.crash();
    await load.progress(200);
    await nodes[2]!.start();
    await nodes[2]!.run((run) => run('set global wsrep_sync_wait = 7'));
    await load.progress(200);
    expect(await site.conclude(load, 'a node killed, and back')).toEqual(SOUND);
    expect({ unanswered: load.unanswered, ...load.other }).toEqual({ unanswered: 0 });
  }, 180_000);
});
