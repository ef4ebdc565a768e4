import { vi } from 'vitest';
import { Deadline } from '../../src/batching/deadline.js';
import { SessionUnavailableError } from '../../src/index.js';

/** Lets every promise that can settle now do so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => void vi.useFakeTimers({ toNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('a deadline', () => {
  it('has no reason until it has passed', () => {
    const deadline = new Deadline('load', 1000);
    vi.advanceTimersByTime(999);
    expect(deadline.reason).toBeUndefined();
    expect(() => deadline.throwIfPassed()).not.toThrow();
  });

  it('names operation, time and what did not answer', async () => {
    const deadline = new Deadline('load', 1000, 'the other store');
    vi.advanceTimersByTime(1000);
    await expect(deadline.passed).rejects.toThrow(SessionUnavailableError);
    await expect(deadline.passed).rejects.toThrow('load the session: the other store did not answer within 1000 ms');
    expect(() => deadline.throwIfPassed()).toThrow('1000 ms');
  });

  it('has passed by the clock too, before its timer has fired', () => {
    const deadline = new Deadline('load', 1000);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 1001);
    expect(deadline.reason).toBeInstanceOf(SessionUnavailableError);
  });

  it('keeps its first reason', async () => {
    const deadline = new Deadline('load', 1000);
    const reason = new Error('the app stops');
    deadline.pass(reason);
    deadline.pass(new Error('another'));
    vi.advanceTimersByTime(1000);
    expect(deadline.reason).toBe(reason);
    await expect(deadline.passed).rejects.toBe(reason);
  });

  it('leaves no timer once its work is done, and rejects nothing', async () => {
    const deadline = new Deadline('load', 1000);
    const onPassed = vi.fn();
    deadline.passed.catch(onPassed);
    await deadline.bound(Promise.resolve());
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1000);
    await settled();
    expect(onPassed).not.toHaveBeenCalled();
  });
});

describe('work bound by a deadline', () => {
  it('settles as the work does, and leaves no timer', async () => {
    await expect(new Deadline('load', 1000).bound(Promise.resolve('done'))).resolves.toBe('done');
    const failure = new Error('failed');
    await expect(new Deadline('load', 1000).bound(Promise.reject(failure))).rejects.toBe(failure);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects at the deadline', async () => {
    const deadline = new Deadline('commit', 1000);
    const caught = deadline.bound(new Promise(() => undefined)).catch((error: unknown) => error);
    vi.advanceTimersByTime(1000);
    expect(await caught).toBe(deadline.reason);
    expect(deadline.reason!.message).toContain('the database did not answer within 1000 ms');
  });
});
