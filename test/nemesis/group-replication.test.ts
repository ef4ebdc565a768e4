import type { GroupMember } from '../support/group-member.js';
import { slowDown } from '../support/slow-disk.js';
import { cutOff, deaf, killed, lossy, paused, restartedInTurn, unheard, unreachable } from './faults.js';
import { describeOnGroup, lasting } from './group-site.js';
import type { Progress } from './progress.js';

const TITLE = 'MySQL Group Replication with several primaries, each process of the app on another member';

/** Delays each sync of a member while some requests are answered. */
const slowDisk = (member: GroupMember) => async (progress: Progress) => {
  const recover = await slowDown([member.pid], 50);
  await progress.answered(400).finally(recover);
};

/** Less than a client's patience, which is for a load and a commit. */
const OPTIONS = { timeout: 5000 };

/** Longer than a group takes to drop a member that it does not hear: 21 s in the tests. */
const DROPPED = 30_000;

await describeOnGroup(TITLE, { mode: 'multi-primary' }, (site) => {
  const run = (fault: string, strike: (progress: Progress) => Promise<void>) => site().nemesis.run(fault, strike, { options: OPTIONS });

  it.each(['EVENTUAL', 'BEFORE_ON_PRIMARY_FAILOVER', 'BEFORE', 'AFTER', 'BEFORE_AND_AFTER'])(
    'loses nothing without a fault, consistency %s',
    async (consistency) => {
      await site().group.setConsistency(consistency);
      const { breaches } = await run(`none, ${consistency}`, (progress) => progress.answered(1500));
      expect(lasting(breaches)).toEqual({});
    },
    300_000,
  );

  it('a store that does not check versions loses changes', async () => {
    await site().group.setConsistency('BEFORE');
    const { figures } = await site().nemesis.run('none, without a version check', (progress) => progress.answered(600), {
      app: 'last write wins',
    });
    expect(figures.lost).toBeGreaterThan(0);
  }, 300_000);

  describe('consistency BEFORE', () => {
    beforeAll(() => site().group.setConsistency('BEFORE'));

    const network = () => site().group.network;
    const third = () => site().group.members[2]!;
    const host = () => network().hosts[2]!;

    it.each<[string, () => (progress: Progress) => Promise<void>]>([
      ['a member killed, and back', () => killed(third(), DROPPED)],
      ['a member paused for 3 s', () => paused(third(), 3000)],
      ['a member paused for 30 s', () => paused(third(), DROPPED)],
      ['the members restarted in turn', () => restartedInTurn(site().group)],
      ['a member cut off from the others for 30 s', () => cutOff(network(), host(), DROPPED)],
      ['a member not heard by the others for 30 s', () => unheard(network(), host(), DROPPED)],
      ['a member that does not hear the others for 30 s', () => deaf(network(), host(), DROPPED)],
      ['a process cut off from its member for 10 s', () => unreachable(network(), host(), 10_000)],
      ['each sync of the disk of a member takes 50 ms longer', () => slowDisk(third())],
      ['1 % of the packets lost for 15 s', () => lossy(network(), 1, 15_000)],
      ['5 % of the packets lost for 15 s', () => lossy(network(), 5, 15_000)],
    ])(
      '%s',
      async (fault, strike) => {
        const { breaches } = await run(fault, strike());
        expect(lasting(breaches)).toEqual({});
      },
      300_000,
    );
  });
});
