import { MinuteCounts } from '../../src/board/minute-counts.js';

const MINUTE = 60_000;

describe('the counts of the last minutes', () => {
  let now: number;
  let counts: MinuteCounts;
  /** The minutes with events: how long ago, and how many. */
  const found = () => counts.all.map((count, n) => [MinuteCounts.MINUTES - 1 - n, count]).filter(([, count]) => count! > 0);

  beforeEach(() => {
    now = 1000 * MINUTE;
    counts = new MinuteCounts(() => now);
  });

  it('are all zero at first', () => {
    expect(counts.all).toEqual(Array(60).fill(0));
  });

  it('belong to the minute of the clock, to its last ms', () => {
    counts.add();
    now += MINUTE - 1;
    counts.add();
    now += 1;
    counts.add();
    expect(found()).toEqual([
      [1, 2],
      [0, 1],
    ]);
  });

  it('leave the list after 60 minutes, also if nothing is added', () => {
    counts.add();
    now += 59 * MINUTE;
    expect(found()).toEqual([[59, 1]]);
    now += MINUTE;
    expect(found()).toEqual([]);
    counts.add();
    expect(found()).toEqual([[0, 1]]);
  });

  it('show nothing of the future after the clock was moved back, and count on', () => {
    now += 10 * MINUTE;
    counts.add();
    now -= 10 * MINUTE;
    counts.add();
    expect(found()).toEqual([[0, 1]]);
    now += 10 * MINUTE;
    expect(found()).toEqual([
      [10, 1],
      [0, 1],
    ]);
  });

  it('keep no more than an hour in memory', () => {
    for (let n = 0; n < 1000; n++) {
      counts.add();
      now += MINUTE;
    }
    const size = vi.spyOn(Map.prototype, 'keys');
    counts.add();
    const [keys] = size.mock.contexts as Map<number, number>[];
    size.mockRestore();
    expect(keys!.size).toBe(MinuteCounts.MINUTES);
  });
});
