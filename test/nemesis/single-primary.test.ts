import { GroupReplication } from '../support/group-replication.js';
import { Nemesis } from './nemesis.js';

const obstacle = await GroupReplication.findObstacle();
const title = obstacle
  ? `MySQL Group Replication with one primary: SKIPPED, ${obstacle}`
  : 'MySQL Group Replication with one primary, whose address leads new connections to it';
// The default reporter prints no title of a file that is skipped as a whole.
if (obstacle) process.stderr.write(`\n${title}\n`);

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

  it('another primary is chosen, connections stay open', async () => {
    const { breaches } = await nemesis.run('another primary chosen 3 times, connections left open', async (progress) => {
      for (let n = 0; n < 3; n++) {
        await group.moveOn();
        await progress.answeredByAll(30);
      }
    });
    expect(breaches).toEqual({});
  }, 300_000);

  it('the primary is killed', async () => {
    const { breaches } = await nemesis.run('the primary killed, and back', async (progress) => {
      const primary = await group.primary();
      await primary.crash();
      await progress.answeredByAll(30);
      await primary.start();
    });
    expect(breaches).toEqual({});
  }, 300_000);
});
