import { groupReplicationWarnings } from '../../src/dialects/group-replication.warnings.js';
import { Nemesis } from '../nemesis/nemesis.js';
import { GroupReplication } from '../support/group-replication.js';

const IS_SHORT = process.env.CLUSTER === 'short';
const REQUESTS = IS_SHORT ? 300 : 1500;

/** The short form runs the first. */
const APPS = (['optimistic, statements', 'pessimistic, statements', 'pessimistic, entity manager'] as const).slice(
  0,
  IS_SHORT ? 1 : undefined,
);

const obstacle = await GroupReplication.findObstacle();
const title = obstacle
  ? `MySQL Group Replication: SKIPPED, ${obstacle}`
  : 'MySQL Group Replication, three primaries with a process of the app on each';
// The default reporter prints no title of a file that is skipped as a whole.
if (obstacle) process.stderr.write(`\n${title}\n`);

(obstacle ? describe.skip : describe)(title, () => {
  let group: GroupReplication;
  let nemesis: Nemesis;

  beforeAll(async () => {
    group = await GroupReplication.open('multi-primary');
    nemesis = await Nemesis.open(group, 'three_primaries');
    await group.setConsistency('BEFORE');
  }, 120_000);
  afterAll(async () => {
    await nemesis?.close();
    await group?.close();
  }, 60_000);

  it('warns of members that may show old versions', async () => {
    const warnings = () => group.members[0]!.run(groupReplicationWarnings);
    expect(await warnings()).toEqual([]);
    await group.setConsistency('EVENTUAL');
    expect(await warnings()).toHaveLength(1);
    await group.setConsistency('BEFORE');
  });

  it.each(APPS)(
    'loses nothing where requests of one session meet on different members: %s',
    async (app) => {
      const { breaches } = await nemesis.run(`no fault, 3 primaries, ${app}`, (progress) => progress.answered(REQUESTS), { app });
      // The trigger of the audit may leave a connection at EVENTUAL, which then reads older states.
      const { stale: _, ...lasting } = breaches;
      expect(lasting).toEqual({});
    },
    300_000,
  );
});
