import { JUMPS, jumps } from './faults.js';
import { describeOnGroup, lasting } from './group-site.js';

await describeOnGroup('Clocks of MySQL Group Replication', { mode: 'multi-primary', hasClock: true }, (site) => {
  it('keeps every law when the clock of a member jumps', async () => {
    const { group, nemesis } = site();
    await group.setConsistency('BEFORE');
    const { breaches } = await nemesis.run(`three primaries: the clock of one jumps: ${JUMPS.join(', ')}`, jumps(group.clock!));
    expect(lasting(breaches)).toEqual({});
  }, 300_000);
});
