import { ChangeLoads } from '../../src/feed/change-loads.js';
import { TargetGroup } from '../../src/feed/target-group.js';
import { TargetIndex } from '../../src/feed/target-index.js';
import { UserTarget, type WatchTarget } from '../../src/feed/watch-target.js';

describe('TargetGroup', () => {
  const index = new TargetIndex<WatchTarget>();
  const keysOf = (group: TargetGroup) => group.next().map(({ key }) => key);

  function groupOf(count: number): TargetGroup {
    const group: TargetGroup = new TargetGroup(
      () => Promise.resolve([]),
      () => null,
    );
    for (let n = 0; n < count; n++) group.add(new UserTarget(`t${n}`, index, new ChangeLoads(() => Promise.resolve('unreadable'))));
    return group;
  }

  it('asks for hinted targets first', () => {
    const group = groupOf(1000);
    group.hintAll();
    group.hint('t999');
    expect(keysOf(group)[0]).toBe('t999');
  });

  it('asks for each due target although hints fill each poll', () => {
    const group = groupOf(1500);
    group.hintAll();
    const asked = new Set<string>();
    for (let poll = 0; poll < 6; poll++) {
      for (let n = 0; n < 600; n++) group.hint(`t${n}`);
      for (const key of keysOf(group)) asked.add(key);
    }
    expect(asked.size).toBe(1500);
  });

  it('asks once for a target that is hinted and due', () => {
    const group = groupOf(1);
    group.hintAll();
    group.hint('t0');
    expect([keysOf(group), keysOf(group)]).toEqual([['t0'], []]);
  });

  it('asks for no target that has left', () => {
    const group = groupOf(2);
    group.hintAll();
    group.remove(group.find('t0')!);
    expect(keysOf(group)).toEqual(['t1']);
  });
});
