import { describeUnless } from '../support/describe-unless.js';
import { GaleraCluster } from '../support/galera-cluster.js';
import { HAS_FAKETIME, MovableClock, removeClockOf } from '../support/skewed-clock.js';
import { JUMPS, jumps } from './faults.js';
import { Nemesis } from './nemesis.js';

const TIMEOUT = 300_000;

const obstacle = (await GaleraCluster.findObstacle('machine')) ?? (HAS_FAKETIME ? undefined : 'faketime is not installed');

describeUnless(obstacle, 'Faults of the machines of a Galera cluster', () => {
  let clock: MovableClock;
  let cluster: GaleraCluster;
  let nemesis: Nemesis;

  beforeAll(async () => {
    clock = new MovableClock();
    cluster = await GaleraCluster.open({ version: 'machine', wrapper: clock.launcher });
    nemesis = await Nemesis.open(cluster, 'nemesis');
  }, TIMEOUT);
  afterAll(async () => {
    await nemesis?.close();
    const pids = cluster?.nodes.map(({ pid }) => pid) ?? [];
    await cluster?.close();
    for (const pid of pids) removeClockOf(pid);
    clock?.remove();
  }, 60_000);

  const run = (fault: string, strike: () => Promise<void>) => nemesis.run(`this machine's Galera: ${fault}`, strike);

  it(
    'keeps every law when the clock of a node jumps',
    async () => {
      const { breaches } = await run(`the clock of a node jumps: ${JUMPS.join(', ')}`, jumps(clock));
      expect(breaches).toEqual({});
    },
    TIMEOUT,
  );

  it.each([
    { flush: 1, isKept: true },
    { flush: 0, isKept: false },
  ])(
    'with innodb_flush_log_at_trx_commit = $flush, all nodes killed at once lose nothing: $isKept',
    async ({ flush, isKept }) => {
      const { nodes } = cluster;
      await Promise.all(nodes.map((node) => node.run((execute) => execute(`set global innodb_flush_log_at_trx_commit = ${flush}`))));
      const { figures, breaches } = await run(`all nodes killed at once, innodb_flush_log_at_trx_commit = ${flush}`, async () => {
        await cluster.crashAll();
        await cluster.restartAll();
      });
      expect({ isKept: figures.lost === 0, ...(isKept && { breaches }) }).toEqual({ isKept, ...(isKept && { breaches: {} }) });
    },
    TIMEOUT,
  );
});
