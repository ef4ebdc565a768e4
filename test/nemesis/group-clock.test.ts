import { setTimeout as sleep } from 'node:timers/promises';
import { SERVERS } from '../servers/catalog.js';
import { unpack } from '../servers/unpack.js';
import { GroupReplication } from '../support/group-replication.js';
import { HAS_FAKETIME, MovableClock } from '../support/skewed-clock.js';
import { Nemesis } from './nemesis.js';

/** From the time of the machine. Sessions live longer than that. */
const JUMPS = ['+5m', '-5m', '+0'];

const obstacle = (await GroupReplication.findObstacle()) ?? (HAS_FAKETIME ? undefined : 'faketime is not installed');
const title = obstacle ? `The clock of a MySQL Group Replication: SKIPPED, ${obstacle}` : 'The clock of a MySQL Group Replication';
// The default reporter prints no title of a file that is skipped as a whole.
if (obstacle) process.stderr.write(`\n${title}\n`);

(obstacle ? describe.skip : describe)(title, () => {
  let clock: MovableClock;
  let group: GroupReplication;
  let nemesis: Nemesis;

  beforeAll(async () => {
    clock = new MovableClock(await unpack('mysql', SERVERS.mysql!));
    group = await GroupReplication.open('multi-primary', ({ name }) => (name.endsWith('-3') ? clock.launcher : []));
    nemesis = await Nemesis.open(group, 'nemesis');
    await group.setConsistency('BEFORE');
  }, 120_000);
  afterAll(async () => {
    await nemesis?.close();
    await group?.close();
    clock?.remove();
  }, 60_000);

  it('keeps every law when the clock of a member jumps', async () => {
    const { breaches } = await nemesis.run(`the clock of a member jumps: ${JUMPS.join(', ')}`, async (progress) => {
      for (const offset of JUMPS) {
        clock.move(offset);
        await sleep(4000);
        await progress.answeredByAll(10);
      }
    });
    expect(breaches).toEqual({});
  }, 300_000);
});
