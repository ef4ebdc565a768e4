import { GroupReplication } from '../support/group-replication.js';
import { Nemesis } from './nemesis.js';

const obstacle = await GroupReplication.findObstacle();
const title = obstacle ? `MySQL Group Replication under a nemesis: SKIPPED, ${obstacle}` : 'MySQL Group Replication under a nemesis';
// The default reporter prints no title of a file that is skipped as a whole.
if (obstacle) process.stderr.write(`\n${title}\n`);

(obstacle ? describe.skip : describe)(title, () => {
  describe('several primaries, each process of the app on another member', () => {
    let group: GroupReplication;
    let nemesis: Nemesis;

    beforeAll(async () => {
      group = await GroupReplication.open('multi-primary');
      nemesis = await Nemesis.open(group, 'nemesis');
    }, 120_000);
    afterAll(async () => {
      await nemesis?.close();
      await group?.close();
    }, 60_000);

    it.each(['AFTER', 'BEFORE_AND_AFTER'])(
      'no fault, consistency %s',
      async (consistency) => {
        await group.setConsistency(consistency);
        const { figures, breaches } = await nemesis.run(`none, ${consistency}`, (progress) => progress.answered(1500));
        console.log(breaches);
        expect(figures.lost).toBe(0);
      },
      300_000,
    );
  });
});
