import { setTimeout as sleep } from 'node:timers/promises';
import { GaleraCluster } from '../support/galera-cluster.js';
import type { LabPeer } from '../support/lab-network.js';
import { Nemesis } from './nemesis.js';
import type { Progress } from './progress.js';

/** How long a fault lasts, in ms: longer than the others take to drop a node. */
const LASTS = 8000;

/** In ms. */
const TIMEOUT = 300_000;

interface Fault {
  readonly fault: string;
  strike(cluster: GaleraCluster, progress: Progress): Promise<void>;
}

/** Ends all cuts after a while. */
const forAWhile = async ({ network }: GaleraCluster) => {
  await sleep(LASTS);
  await network.heal();
};

const partition =
  (groupsOf: (hosts: readonly LabPeer[]) => readonly (readonly LabPeer[])[]): Fault['strike'] =>
  async (cluster) => {
    await cluster.network.partition(...groupsOf(cluster.network.hosts));
    await forAWhile(cluster);
  };

const FAULTS: readonly Fault[] = [
  { fault: 'none', strike: (_, progress) => progress.answered(300) },
  {
    fault: 'kill -9',
    async strike({ members }, progress) {
      await members[2]!.crash();
      await progress.answered(200);
      await members[2]!.start();
    },
  },
  {
    fault: 'pause',
    async strike({ members }) {
      members[2]!.pause();
      await sleep(LASTS);
      members[2]!.resume();
    },
  },
  {
    fault: 'rolling restart',
    async strike({ members }, progress) {
      for (const member of members) {
        await member.stop();
        await progress.answered(50);
        await member.start();
      }
    },
  },
  { fault: 'partition, a minority cut off', strike: partition(([one, other, third]) => [[one!, other!], [third!]]) },
  { fault: 'partition, each node alone', strike: partition((hosts) => hosts.map((host) => [host])) },
  {
    fault: 'partition, one way',
    async strike(cluster) {
      const [one, , third] = cluster.network.hosts;
      await cluster.network.cut(one!, third!);
      await forAWhile(cluster);
    },
  },
  { fault: 'an app cut off from its node', strike: partition((hosts) => [['clients'], [hosts[2]!]]) },
  ...[1, 5].map((percent) => ({
    fault: `${percent} % of packets lost`,
    async strike(cluster: GaleraCluster) {
      await cluster.network.lose(percent);
      await forAWhile(cluster);
    },
  })),
];

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

  it.each(FAULTS)(
    'keeps every law: $fault',
    async ({ fault, strike }) => {
      const { breaches } = await nemesis.run(`${name}: ${fault}`, (progress) => strike(cluster, progress));
      expect(breaches).toEqual({});
    },
    TIMEOUT,
  );

  // The pool keeps a connection to a node that runs no statement.
  it.fails(
    'leads elsewhere when a node is cut off and its connections stay open',
    async () => {
      const { breaches, figures } = await nemesis.run(`${name}: cut off, another node at its address`, (progress) =>
        cluster.whileFollowed(async () => {
          const [one, other, third] = cluster.network.hosts;
          await cluster.network.partition([one!, other!], [third!]);
          await sleep(LASTS);
          await progress.answeredByAll(50);
          await cluster.network.heal();
        }),
      );
      expect(breaches).toEqual({});
      expect(figures.longestGapOfOne).toBeLessThan(LASTS);
    },
    TIMEOUT,
  );
});
