import { setTimeout as sleep } from 'node:timers/promises';
import { GaleraCluster } from '../support/galera-cluster.js';
import { HAS_STRACE, slowDown } from '../support/slow-disk.js';
import { cutOff, deaf, killed, lossy, paused, restartedInTurn, unheard, unreachable } from './faults.js';
import { Nemesis } from './nemesis.js';
import type { Progress } from './progress.js';

/** How long a fault lasts, in ms: longer than the others take to drop a node. */
const LASTS = 8000;

/** In ms: some are shorter than the others take to drop a node, and some are longer. */
const PAUSES = [800, 1700, 2600, 3500];

/** In ms. */
const TIMEOUT = 300_000;

type Strike = (progress: Progress) => Promise<void>;

/** What happens to the third node, unless it says otherwise. */
const FAULTS: Readonly<Record<string, (cluster: GaleraCluster) => Strike>> = {
  none: () => (progress) => progress.answered(300),
  'kill -9': ({ members }) => killed(members[2]!, 0),
  paused: ({ members }) => paused(members[2]!, LASTS),
  'one node after the other paused, 14 times':
    ({ members }) =>
    async () => {
      for (let n = 0; n < 14; n++) {
        const member = members[n % members.length]!;
        member.pause();
        await sleep(PAUSES[n % PAUSES.length]).finally(() => member.resume());
        await sleep(1500);
      }
    },
  'rolling restart': (cluster) => restartedInTurn(cluster),
  'partition: one node cut off': ({ network }) => cutOff(network, network.hosts[2]!, LASTS),
  'partition: each node alone':
    ({ network }) =>
    async () => {
      await network.partition(...network.hosts.map((host) => [host]));
      await sleep(LASTS).finally(() => network.heal());
    },
  'partition: the others do not hear one': ({ network }) => unheard(network, network.hosts[2]!, LASTS),
  'partition: one does not hear the others': ({ network }) => deaf(network, network.hosts[2]!, LASTS),
  'partition: two nodes, one way':
    ({ network }) =>
    async () => {
      await network.cut(network.hosts[0]!, network.hosts[2]!);
      await sleep(LASTS).finally(() => network.heal());
    },
  'app cut off from its node': ({ network }) => unreachable(network, network.hosts[2]!, LASTS),
  '1 % of packets lost': ({ network }) => lossy(network, 1, LASTS),
  '5 % of packets lost': ({ network }) => lossy(network, 5, LASTS),
  ...(HAS_STRACE && {
    'one slow disk: 100 ms longer for each sync':
      ({ nodes }: GaleraCluster): Strike =>
      async () => {
        const end = await slowDown([nodes[2]!.pid], 100);
        await sleep(LASTS).finally(end);
      },
  }),
};

describe.each([
  { version: 'machine', name: "this machine's Galera" },
  { version: 'galera-11.8', name: 'Galera of MariaDB 11.8' },
] as const)('$name under a nemesis', ({ version, name }) => {
  let obstacle: string | undefined;
  let cluster: GaleraCluster;
  let nemesis: Nemesis;

  beforeAll(async () => {
    obstacle = await GaleraCluster.findObstacle(version);
    if (obstacle) return;
    cluster = await GaleraCluster.open({ version });
    nemesis = await Nemesis.open(cluster, 'nemesis');
  }, TIMEOUT);
  beforeEach((context) => context.skip(obstacle !== undefined, `SKIPPED: ${obstacle}`));
  afterAll(async () => {
    await nemesis?.close();
    await cluster?.close();
  }, 60_000);

  it.each(Object.entries(FAULTS))(
    'keeps every law: %s',
    async (fault, strikeOn) => {
      const { breaches } = await nemesis.run(`${name}: ${fault}`, strikeOn(cluster));
      expect(breaches).toEqual({});
    },
    TIMEOUT,
  );

  it(
    'leads elsewhere when a node is cut off and its connections stay open',
    async () => {
      const { network } = cluster;
      const strike: Strike = async (progress) => {
        await network.partition([network.hosts[2]!], network.hosts.slice(0, 2));
        await sleep(LASTS);
        await progress.answeredByAll(50);
        await network.heal();
      };
      const { breaches, figures } = await nemesis.run(`${name}: one node cut off, a proxy leads to another`, (progress) =>
        cluster.whileFollowed(() => strike(progress)),
      );
      expect(breaches).toEqual({});
      expect(figures.longestGapOfOne).toBeLessThan(LASTS);
    },
    TIMEOUT,
  );
});
