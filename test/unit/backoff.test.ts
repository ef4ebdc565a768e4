import { jest } from '@jest/globals';

const waits: { readonly ms: number; end(): void }[] = [];

jest.unstable_mockModule('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise<void>((end) => waits.push({ ms, end })),
}));

const { Backoff } = await import('../../src/batching/backoff.js');

describe('the wait before another attempt', () => {
  beforeEach(() => void (waits.length = 0));
  afterEach(() => void jest.restoreAllMocks());

  /** Returns the longest wait after these many failed attempts, in ms. */
  function longestAfter(attempt: number, longest?: number): number {
    jest.spyOn(Math, 'random').mockReturnValue(1);
    void new Backoff().wait(attempt, longest);
    return waits.at(-1)!.ms;
  }

  it('has a bound that doubles with each attempt, up to 250 ms', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => longestAfter(attempt))).toEqual([4, 8, 16, 32, 64, 128, 250]);
  });

  it('stays at its largest bound after any number of attempts', () => {
    expect(longestAfter(1000)).toBe(250);
    expect(longestAfter(10_000)).toBe(250);
  });

  it('has the largest bound that the caller gives', () => {
    expect([1, 2, 5].map((attempt) => longestAfter(attempt, 50))).toEqual([4, 8, 50]);
    expect(longestAfter(3, 0)).toBe(0);
  });

  it('is a random part of the bound', () => {
    const random = jest.spyOn(Math, 'random');
    for (const part of [0, 0.25, 0.5]) {
      random.mockReturnValueOnce(part);
      void new Backoff().wait(3);
    }
    expect(waits.map(({ ms }) => ms)).toEqual([0, 4, 8]);
  });

  it('ends with its timer', async () => {
    let hasEnded = false;
    const wait = new Backoff().wait(1).then(() => (hasEnded = true));
    await new Promise(setImmediate);
    expect(hasEnded).toBe(false);
    waits[0]!.end();
    await wait;
    expect(hasEnded).toBe(true);
  });
});
