import { vi } from 'vitest';
import { isStarted, noteStart, startOf } from '../../src/live/request-start.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('the start of a request', () => {
  it('is when it was noted', () => {
    const req = {};
    noteStart(req);
    const start = performance.now();
    vi.advanceTimersByTime(1000);
    expect(startOf({ req })).toBe(start);
    expect(isStarted({ req })).toBe(true);
  });

  it.each([
    ['that was not noted', { req: {} }],
    ['of a session without a request', {}],
  ])('%s is now', (_, session) => {
    vi.advanceTimersByTime(1000);
    expect(startOf(session)).toBe(performance.now());
    expect(isStarted(session)).toBe(false);
  });

  it('is noted at time 0 too', () => {
    const req = {};
    vi.spyOn(performance, 'now').mockReturnValueOnce(0);
    noteStart(req);
    vi.advanceTimersByTime(1000);
    expect(isStarted({ req })).toBe(true);
    expect(startOf({ req })).toBe(0);
  });

  it('does not show in the keys or the JSON of the request', () => {
    const req = { url: '/' };
    noteStart(req);
    expect(Object.keys(req)).toEqual(['url']);
    expect(JSON.stringify(req)).toBe('{"url":"/"}');
  });
});
