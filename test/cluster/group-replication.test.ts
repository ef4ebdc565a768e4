import { groupReplicationWarnings } from '../../src/dialects/group-replication.warnings.js';
import { describeOnGroup, lasting } from '../nemesis/group-site.js';

const IS_SHORT = process.env.CLUSTER === 'short';
const REQUESTS = IS_SHORT ? 300 : 1500;

/** The short form runs the first. */
const APPS = (['optimistic, statements', 'pessimistic, statements', 'pessimistic, entity manager'] as const).slice(
  0,
  IS_SHORT ? 1 : undefined,
);

const TITLE = 'MySQL Group Replication, three primaries with a process of the app on each';

await describeOnGroup(TITLE, { mode: 'multi-primary' }, (site) => {
  beforeAll(() => site().group.setConsistency('BEFORE'));

  it('warns of members that may show old versions', async () => {
    const warnings = () => site().group.members[0]!.run(groupReplicationWarnings);
    expect(await warnings()).toEqual([]);
    await site().group.setConsistency('EVENTUAL');
    expect(await warnings()).toHaveLength(1);
    await site().group.setConsistency('BEFORE');
  });

  it.each(APPS)(
    'loses nothing where requests of one session meet on different members: %s',
    async (app) => {
      const { breaches } = await site().nemesis.run(`no fault, 3 primaries, ${app}`, (progress) => progress.answered(REQUESTS), { app });
      expect(lasting(breaches)).toEqual({});
    },
    300_000,
  );
});
