import { vi } from 'vitest';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { dueLifetime } from '../../src/live/due-lifetime.js';
import { LiveSession } from '../../src/live/live-session.js';
import type { SessionRecord } from '../../src/records/session-record.js';

const TTL = 100_000;
/** The expiry is moved when it would move by more than this. */
const TOUCH_AFTER = 5000;
const options = new SmartSessionOptions({ secret: 'x', ttl: TTL, touchAfter: TOUCH_AFTER });

/** A stored session that ends in so many ms. */
function storedFor(left: number, maxAge: number | null = null, overrides: Partial<LiveSession> = {}): LiveSession {
  const live = new LiveSession('key');
  live.moveTo({ maxAge, values: new Map() } as unknown as SessionRecord, Infinity);
  live.expiresAt = performance.now() + left;
  return Object.assign(live, overrides);
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the due lifetime of a session', () => {
  it.each([
    { left: TTL - TOUCH_AFTER - 1, due: { ms: TTL, slack: TOUCH_AFTER, explicit: false, maxAge: null } },
    { left: TTL - TOUCH_AFTER, due: undefined },
    { left: TTL, due: undefined },
  ])('that ends in $left ms, with a ttl of 100000 and a touchAfter of 5000: $due', ({ left, due }) => {
    expect(dueLifetime(storedFor(left), options)).toEqual(due);
  });

  it('is its max age if it has one, of which a tenth must have passed', () => {
    expect(dueLifetime(storedFor(17_999, 20_000), options)).toEqual({ ms: 20_000, slack: 2000, explicit: false, maxAge: 20_000 });
    expect(dueLifetime(storedFor(18_000, 20_000), options)).toBeUndefined();
  });

  it('becomes due as time passes', () => {
    const live = storedFor(TTL);
    vi.advanceTimersByTime(TOUCH_AFTER + 1);
    expect(dueLifetime(live, options)).toMatchObject({ ms: TTL });
  });

  it.each([
    ['is new', { state: 'new' }],
    ['is gone', { state: 'gone' }],
    ['was abandoned', { abandoned: new Error('too late') }],
    ['keeps its expiry by the policy of its request', { policy: { keepsExpiry: true, isReadOnly: false } }],
  ] as [string, Partial<LiveSession>][])('is none if the session %s', (_, overrides) => {
    expect(dueLifetime(storedFor(1000), options)).toBeDefined();
    expect(dueLifetime(storedFor(1000, null, overrides), options)).toBeUndefined();
  });

  it.each([0, -1])('is none if its max age of %d has ended it', (maxAge) => {
    expect(dueLifetime(storedFor(-1000, maxAge), options)).toBeUndefined();
  });

  it('does not move beyond the end of `absoluteTtl`', () => {
    const endsIn = (ms: number) => ({ endsAt: performance.now() + ms });
    expect(dueLifetime(storedFor(50_000, null, endsIn(50_000)), options)).toBeUndefined();
    expect(dueLifetime(storedFor(50_000, null, endsIn(50_000 + TOUCH_AFTER)), options)).toBeUndefined();
    expect(dueLifetime(storedFor(50_000, null, endsIn(50_001 + TOUCH_AFTER)), options)).toMatchObject({ ms: TTL });
  });
});

describe('a session that lives longer than the options allow', () => {
  it('ends earlier, also if its expiry must move backwards', () => {
    expect(dueLifetime(storedFor(TTL + TOUCH_AFTER + 1), options)).toEqual({ ms: TTL, slack: TOUCH_AFTER, explicit: true, maxAge: null });
    expect(dueLifetime(storedFor(TTL + TOUCH_AFTER), options)).toBeUndefined();
  });

  it('keeps the max age that its handler may have chosen', () => {
    expect(dueLifetime(storedFor(500_000, 200_000), options)).toBeUndefined();
  });

  it('ends after the longest time without use, whatever its max age', () => {
    const live = storedFor(200_000, 200_000, { longestUnused: 10_000 });
    expect(dueLifetime(live, options)).toEqual({ ms: 10_000, slack: 1000, explicit: true, maxAge: 200_000 });
  });
});
