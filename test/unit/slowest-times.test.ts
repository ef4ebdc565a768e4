import { SlowestTimes } from '../../src/board/slowest-times.js';

describe('the slowest times', () => {
  let now: number;
  let times: SlowestTimes;

  beforeEach(() => {
    now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    times = new SlowestTimes();
  });
  afterEach(() => void vi.restoreAllMocks());

  const take = (ms: number, route?: { text?: string }) =>
    times.time(async () => {
      now += ms;
      return ms;
    }, route);

  it('are the five slowest, the slowest first, of all that were measured', async () => {
    for (const ms of [3, 9, 1, 7, 7, 5, 8, 2]) await take(ms);
    expect(times.all.map(({ ms }) => ms)).toEqual([9, 8, 7, 7, 5]);
    expect(times.count).toBe(8);
  });

  it('pass the result on', async () => {
    expect(await take(4)).toBe(4);
  });

  it('contain operations that have failed, and pass the error on', async () => {
    const failed = times.time(() => {
      now += 6;
      return Promise.reject(new Error('no'));
    });
    await expect(failed).rejects.toThrow('no');
    expect(times.all.map(({ ms }) => ms)).toEqual([6]);
  });

  it('show a route that is found after the operation', async () => {
    const route: { text?: string } = {};
    await take(1, route);
    route.text = 'GET /cart';
    expect(times.all[0]!.route?.text).toBe('GET /cart');
  });
});
