import type { LabHost } from '../support/lab-network.js';
import { cutOff, killed, lossy, paused, restartedInTurn, unheard } from './faults.js';
import { describeOnGroup, lasting } from './group-site.js';
import type { Progress } from './progress.js';

const TITLE = 'MySQL Group Replication with one primary, whose address leads new connections to it';

/** Longer than a group takes to drop a member that it does not hear: 21 s in the tests. */
const DROPPED = 30_000;

const OPTIONS = { options: { timeout: 5000 } };

/** A primary that others have replaced without its knowledge goes on reading for its open connections. */
const MAY_BE_STALE = /the primary (cut off|not heard)/;

await describeOnGroup(TITLE, { mode: 'single-primary' }, (site) => {
  const primary = () => site().group.primary();
  const network = () => site().group.network;

  it.each<[string, (progress: Progress) => Promise<void>]>([
    [
      'another primary chosen 3 times, connections left open',
      async (progress) => {
        for (let n = 0; n < 3; n++) {
          await site().group.moveOn();
          await progress.answeredByAll(30);
        }
      },
    ],
    ['the primary killed, and back', async (progress) => killed(await primary(), DROPPED)(progress)],
    ['the primary paused for 3 s', async (progress) => paused(await primary(), 3000)(progress)],
    ['the primary paused for 30 s', async (progress) => paused(await primary(), DROPPED)(progress)],
    ['the members restarted in turn', (progress) => restartedInTurn(site().group)(progress)],
    ['the primary cut off from the others for 30 s', async (progress) => cutOff(network(), await hostOfPrimary(), DROPPED)(progress)],
    ['the primary not heard by the others for 30 s', async (progress) => unheard(network(), await hostOfPrimary(), DROPPED)(progress)],
    ['5 % of the packets lost for 15 s', (progress) => lossy(network(), 5, 15_000)(progress)],
  ])(
    '%s',
    async (fault, strike) => {
      const { breaches } = await site().nemesis.run(fault, strike, OPTIONS);
      expect(MAY_BE_STALE.test(fault) ? lasting(breaches) : breaches).toEqual({});
    },
    300_000,
  );

  it('shows no older state if a primary without a majority leaves the group before another one is chosen', async () => {
    const deposed = await primary();
    await deposed.leaveMinorityAfter(5);
    const { breaches } = await site().nemesis.run(
      'the primary cut off from the others for 30 s, group_replication_unreachable_majority_timeout = 5',
      async (progress) => {
        await cutOff(network(), await hostOfPrimary(), DROPPED)(progress);
        await deposed.rejoin();
      },
      OPTIONS,
    );
    expect(breaches).toEqual({});
    await deposed.leaveMinorityAfter(0);
  }, 300_000);

  async function hostOfPrimary(): Promise<LabHost> {
    return network().hosts[site().group.members.indexOf(await primary())]!;
  }
});
