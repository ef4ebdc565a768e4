import { vi } from 'vitest';
import { Turns, type EndTurn } from '../../src/locking/turns.js';

const PATIENT = { timeout: 60_000, maxWaiting: 10 };

/** Lets every promise that can settle now do so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  let turns: Turns;
  let order: string[];

  beforeEach(() => {
    vi.useFakeTimers({ toNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    turns = new Turns();
    order = [];
  });

  afterEach(() => void vi.useRealTimers());

  /** Takes a turn and notes when it comes. */
  async function take(name: string, key = 'a', terms = PATIENT): Promise<EndTurn> {
    const turn = await turns.take(key, terms);
    order.push(typeof turn === 'string' ? `${name}: ${turn}` : name);
    return typeof turn === 'string' ? () => undefined : turn;
  }

  it('come one after the other, in the order of the calls', async () => {
    const first = await take('first');
    const second = take('second');
    const third = take('third');
    await settled();
    expect(order).toEqual(['first']);
    first();
    const endSecond = await second;
    await settled();
    expect(order).toEqual(['first', 'second']);
    endSecond();
    await third;
    expect(order).toEqual(['first', 'second', 'third']);
  });

  it('of different keys do not wait for each other', async () => {
    await take('a', 'a');
    await take('b', 'b');
    expect(order).toEqual(['a', 'b']);
  });

  it('are late after the timeout, and then hold up no later one', async () => {
    const first = await take('first');
    const second = take('second', 'a', { timeout: 1000, maxWaiting: 10 });
    const third = take('third');
    await vi.advanceTimersByTimeAsync(999);
    expect(order).toEqual(['first']);
    await vi.advanceTimersByTimeAsync(1);
    await second;
    expect(order).toEqual(['first', 'second: late']);
    first();
    await third;
    expect(order).toEqual(['first', 'second: late', 'third']);
  });

  it('are not given before the running one has ended, though the one between was late', async () => {
    await take('first');
    const second = take('second', 'a', { timeout: 1000, maxWaiting: 10 });
    void take('third');
    await vi.advanceTimersByTimeAsync(1000);
    await second;
    await settled();
    expect(order).toEqual(['first', 'second: late']);
  });

  it('are refused when `maxWaiting` others wait; the one that has its turn does not count', async () => {
    const terms = { timeout: 60_000, maxWaiting: 1 };
    const first = await take('first', 'a', terms);
    const second = take('second', 'a', terms);
    await take('third', 'a', terms);
    expect(order).toEqual(['first', 'third: full']);
    first();
    await second;
    void take('fourth', 'a', terms);
    await take('fifth', 'a', terms);
    expect(order).toEqual(['first', 'third: full', 'second', 'fifth: full']);
  });

  it('end once: a second call does not let two in', async () => {
    const first = await take('first');
    const second = take('second');
    const third = take('third');
    first();
    first();
    const endSecond = await second;
    await settled();
    expect(order).toEqual(['first', 'second']);
    endSecond();
    await third;
    // Each end was counted once: the line of the third still stands.
    void take('fourth');
    await settled();
    expect(order).toEqual(['first', 'second', 'third']);
  });

  it('leave no timer behind', async () => {
    const first = await take('first');
    const second = take('second');
    first();
    await second;
    expect(vi.getTimerCount()).toBe(0);
  });
});
