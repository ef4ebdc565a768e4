import { vi } from 'vitest';
import { Backoff } from '../../src/batching/backoff.js';

describe('the wait before another attempt', () => {
  beforeEach(() => void vi.useFakeTimers({ fakeNodeBuiltins: true }));
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  /** Waits on the clock of the test. Returns for how long, in ms. */
  async function waitAfter(attempt: number, longest?: number): Promise<number> {
    const start = Date.now();
    const wait = new Backoff().wait(attempt, longest);
    vi.advanceTimersToNextTimer();
    await wait;
    return Date.now() - start;
  }

  /** Returns the longest wait after each of these numbers of failed attempts, in ms. */
  async function longestAfter(attempts: readonly number[], longest?: number): Promise<number[]> {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const waits: number[] = [];
    for (const attempt of attempts) waits.push(await waitAfter(attempt, longest));
    return waits;
  }

  it('has a bound that doubles with each attempt, up to 250 ms', async () => {
    expect(await longestAfter([1, 2, 3, 4, 5, 6, 7])).toEqual([4, 8, 16, 32, 64, 128, 250]);
  });

  it('stays at its largest bound after any number of attempts', async () => {
    expect(await longestAfter([1000, 10_000])).toEqual([250, 250]);
  });

  it('has the largest bound that the caller gives', async () => {
    expect(await longestAfter([1, 2, 5], 50)).toEqual([4, 8, 50]);
  });

  it('is a random part of the bound', async () => {
    for (const part of [0.25, 0.5]) {
      vi.spyOn(Math, 'random').mockReturnValue(part);
      expect(await waitAfter(3)).toBe(16 * part);
    }
  });

  it('ends with its timer', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    let hasEnded = false;
    const wait = new Backoff().wait(1).then(() => (hasEnded = true));
    await vi.advanceTimersByTimeAsync(3);
    expect(hasEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await wait;
    expect(hasEnded).toBe(true);
  });
});
