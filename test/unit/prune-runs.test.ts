import { PruneRuns } from '../../src/observers/prune-runs.js';

describe('the runs of the pruner', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('are the last five, the newest first', async () => {
    const runs = new PruneRuns();
    for (let n = 1; n <= 7; n++) expect(await runs.watch(() => Promise.resolve(n))).toBe(n);
    expect(runs.all.map(({ pruned }) => pruned)).toEqual([7, 6, 5, 4, 3]);
  });

  it('have their duration, and the time of their start', async () => {
    let now = 100;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const [runs, before] = [new PruneRuns(), Date.now()];
    await runs.watch(async () => (now += 40));
    expect(runs.all[0]!.ms).toBe(40);
    expect(runs.all[0]!.at.getTime() - before).toBeLessThan(10_000);
  });

  it('have no number if they have failed, and pass the error on', async () => {
    const runs = new PruneRuns();
    await expect(runs.watch(() => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(runs.all).toMatchObject([{ pruned: undefined }]);
  });
});
