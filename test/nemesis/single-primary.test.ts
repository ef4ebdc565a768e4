import { GroupReplication } from '../support/group-replication.js';
import type { LabHost } from '../support/lab-network.js';
import { cutOff, killed, lossy, paused, restartedInTurn, unheard } from './faults.js';
import { Nemesis } from './nemesis.js';
import type { Progress } from './progress.js';

const obstacle = await GroupReplication.findObstacle();
const title = obstacle
  ? `MySQL Group Replication with one primary: SKIPPED, ${obstacle}`
  : 'MySQL Group Replication with one primary, whose address leads new connections to it';
// The default reporter prints no title of a file that is skipped as a whole.
if (obstacle) process.stderr.write(`\n${title}\n`);

/** Longer than a group takes to drop a member that it does not hear: 21 s in the tests. */
const DROPPED = 30_000;

const OPTIONS = { options: { timeout: 5000 } };

/** A primary that others have replaced without its knowledge goes on reading for its open connections. */
const MAY_BE_STALE = /the primary (cut off|not heard)/;

(obstacle ? describe.skip : describe)(title, () => {
  let group: GroupReplication;
  let nemesis: Nemesis;

  beforeAll(async () => {
    group = await GroupReplication.open('single-primary');
    nemesis = await Nemesis.open(group, 'nemesis');
  }, 120_000);
  afterAll(async () => {
    await nemesis?.close();
    await group?.close();
  }, 60_000);

  it.each<[string, (progress: Progress) => Promise<void>]>([
    [
      'another primary chosen 3 times, connections left open',
      async (progress) => {
        for (let n = 0; n < 3; n++) {
          await group.moveOn();
          await progress.answeredByAll(30);
        }
      },
    ],
    ['the primary killed, and back', async (progress) => killed(await group.primary(), DROPPED)(progress)],
    ['the primary paused for 3 s', async (progress) => paused(await group.primary(), 3000)(progress)],
    ['the primary paused for 30 s', async (progress) => paused(await group.primary(), DROPPED)(progress)],
    ['the members restarted in turn', (progress) => restartedInTurn(group)(progress)],
    ['the primary cut off from the others for 30 s', async (progress) => cutOff(group.network, await hostOfPrimary(), DROPPED)(progress)],
    ['the primary not heard by the others for 30 s', async (progress) => unheard(group.network, await hostOfPrimary(), DROPPED)(progress)],
    ['5 % of the packets lost for 15 s', (progress) => lossy(group.network, 5, 15_000)(progress)],
  ])(
    '%s',
    async (fault, strike) => {
      const { breaches } = await nemesis.run(fault, strike, OPTIONS);
      const { stale: _, ...lasting } = breaches;
      expect(MAY_BE_STALE.test(fault) ? lasting : breaches).toEqual({});
    },
    300_000,
  );

  it('shows no older state if a primary without a majority leaves the group before another one is chosen', async () => {
    const primary = await group.primary();
    await primary.leaveMinorityAfter(5);
    const { breaches } = await nemesis.run(
      'the primary cut off from the others for 30 s, group_replication_unreachable_majority_timeout = 5',
      async (progress) => {
        await cutOff(group.network, await hostOfPrimary(), DROPPED)(progress);
        await primary.rejoin();
      },
      OPTIONS,
    );
    expect(breaches).toEqual({});
    await primary.leaveMinorityAfter(0);
  }, 300_000);

  async function hostOfPrimary(): Promise<LabHost> {
    return group.network.hosts[group.members.indexOf(await group.primary())]!;
  }
});
