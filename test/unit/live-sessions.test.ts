import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { vi } from 'vitest';
import { SessionCodec } from '../../src/codec/session.codec.js';
import type { SmartSessionModuleOptions } from '../../src/index.js';
import { LiveSessions } from '../../src/live/live-sessions.js';
import { noteStart } from '../../src/live/request-start.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { sessionRecord } from '../support/records.js';

const TIME = { remaining: 5000, longest: 9000 };

function liveSessionsWith(given: SmartSessionModuleOptions = {}): LiveSessions {
  const options = new SmartSessionOptions({ secret: 'x', userId: 'user', ...given });
  return new LiveSessions(new SessionCodec(options), options);
}

const request = (more: object = {}) => ({ headers: {}, ...more }) as Request;
const cookieOf = (data: SessionData) => data.cookie as object as Record<string, unknown>;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('loaded data', () => {
  const live = liveSessionsWith({ cookie: { path: '/app', maxAge: 1 } as object });

  it('holds copies of the values', () => {
    const record = sessionRecord({ list: [1] });
    const data = live.open('key', record, TIME) as SessionData & { list: number[] };
    data.list.push(2);
    expect(live.open('key', record, TIME)).toMatchObject({ list: [1] });
  });

  it('has a cookie with the max age of the record, which expires with the record', () => {
    const { cookie } = live.open('key', sessionRecord({}, { maxAge: 7000 }), TIME);
    expect(cookie).toEqual({
      path: '/app',
      httpOnly: true,
      sameSite: 'lax',
      secure: 'auto',
      originalMaxAge: 7000,
      expires: new Date(Date.now() + 5000),
    });
  });

  it('has a cookie without an expiry if it ends with the browser', () => {
    expect(live.open('key', sessionRecord({}), TIME).cookie).toMatchObject({ originalMaxAge: null, expires: null });
  });

  it('has the attributes that a handler has chosen for the cookie', () => {
    const record = sessionRecord({ cookie: { path: '/chosen', domain: null } });
    expect(live.open('key', record, TIME).cookie).toMatchObject({ path: '/chosen', domain: undefined });
  });

  it('has the default attributes until its request is known, if the app has a function for them', () => {
    const cookie = vi.fn(() => ({ path: '/of the function' }));
    const { path } = liveSessionsWith({ cookie }).open('key', sessionRecord({}), TIME).cookie;
    expect(path).toBeUndefined();
    expect(cookie).not.toHaveBeenCalled();
  });

  it('knows its base, and how long its record lives', () => {
    const record = sessionRecord({ n: 1 });
    const state = live.find(live.open('key', record, TIME));
    const now = performance.now();
    expect(state).toMatchObject({ storageKey: 'key', state: 'stored', since: now, expiresAt: now + 5000, endsAt: now + 9000 });
    expect(state!.record).toBe(record);
    expect(state!.base).toBe(record.values);
  });

  it.each<[string, object, number]>([
    ['without a user', {}, 1000],
    ['with a user', { user: 'ann' }, Infinity],
  ])('knows how long a session %s may live without use', (_name, values, expected) => {
    const limited = liveSessionsWith({ anonymousTtl: 1000 });
    expect(limited.find(limited.open('key', sessionRecord({ ...values }), TIME))!.longestUnused).toBe(expected);
  });

  it('has no state if it was only inflated', () => {
    expect(live.find(live.inflate(sessionRecord({}), 5000))).toBeUndefined();
  });
});

describe('the cookie of loaded data', () => {
  it('has what `auto` means for its request', () => {
    const live = liveSessionsWith({ cookie: { secure: 'auto', sameSite: 'auto' } });
    const attributes = [true, false].map((secure) => {
      const data = live.open('key', sessionRecord({}), TIME);
      live.dress(request({ secure }), data);
      return [cookieOf(data).secure, cookieOf(data).sameSite];
    });
    expect(attributes).toEqual([
      [true, 'none'],
      [false, 'lax'],
    ]);
  });

  it('has what the function of the app returns, and what a handler has chosen, but the max age of the record', () => {
    const live = liveSessionsWith({ cookie: () => ({ path: '/function', domain: 'example.com', maxAge: 1 }) });
    const data = live.open('key', sessionRecord({ cookie: { path: '/chosen' } }, { maxAge: 7000 }), TIME);
    live.dress(request(), data);
    expect(data.cookie).toMatchObject({ path: '/chosen', domain: 'example.com', originalMaxAge: 7000 });
    expect(data.cookie).not.toHaveProperty('maxAge');
  });

  it('is not that of the function for data of another store', () => {
    const cookie = vi.fn(() => ({ path: '/function' }));
    const data = { cookie: { secure: 'auto' } } as unknown as SessionData;
    liveSessionsWith({ cookie }).dress(request({ secure: true }), data);
    expect(data.cookie).toEqual({ secure: true });
    expect(cookie).not.toHaveBeenCalled();
  });
});

describe('the live session that was made of loaded data', () => {
  const live = liveSessionsWith();
  const open = (key = 'key', values: Record<string, unknown> = { n: 1 }, version = 1) =>
    live.open(key, sessionRecord(values, { version, commitId: 'loaded' }), TIME);

  it('has the state of the data', () => {
    const data = open();
    const session = { ...data };
    live.adopt(session, data);
    expect(live.find(session)).toBe(live.find(data));
    expect(live.find(session)!.policy).toEqual({ keepsExpiry: false, isReadOnly: false });
  });

  it('hides its values, and those of the data, from the hash of express-session', () => {
    const data = open();
    const session = { ...data };
    live.adopt(session, data);
    expect(JSON.stringify(data)).toBe('{}');
    expect(JSON.parse(JSON.stringify(session))).toMatchObject({ n: 1 });
    live.find(session)!.isHashed = true;
    expect(JSON.stringify(session)).toBe('{}');
  });

  it('has no state if the data has none', () => {
    const session = {};
    live.adopt(session, { n: 1 });
    expect(live.find(session)).toBeUndefined();
    expect(session).not.toHaveProperty('toJSON');
  });

  describe('in place of another', () => {
    const policy = { keepsExpiry: true, isReadOnly: true };
    const lease = { id: 'lease', isClosed: false };

    /** Returns the state of a session that takes the place of an earlier one. */
    function replace(previous: SessionData, data: SessionData, hasMoved = false) {
      Object.assign(live.find(previous)!, { policy, lease, hasMoved });
      const session = { ...data };
      live.adopt(session, data, previous);
      return live.find(session)!;
    }

    it('runs under the same policy and the same lock', () => {
      const state = replace(open(), open());
      expect(state).toMatchObject({ policy, hasMoved: false });
      expect(state.lease).toBe(lease);
    });

    it('has moved if the other had, or if the record has other values', () => {
      expect(replace(open(), open(), true).hasMoved).toBe(true);
      expect(replace(open(), open('key', { n: 2 }, 2)).hasMoved).toBe(true);
    });

    it('takes only the policy over if it is another session', () => {
      expect(replace(open(), open('another', { n: 2 }, 2), true)).toMatchObject({ policy, lease: undefined, hasMoved: false });
    });

    it('takes nothing over from an object without a state', () => {
      const data = open();
      const session = { ...data };
      live.adopt(session, data, {});
      expect(live.find(session)).toMatchObject({ policy: { keepsExpiry: false }, lease: undefined });
    });
  });
});

describe('a session without a state', () => {
  const live = liveSessionsWith({ hashIds: false });

  it('gets an empty one under its own key, and keeps it', () => {
    const session = { id: 'the id', n: 1 };
    expect(live.find(session)).toBeUndefined();
    const state = live.of(session);
    expect(state).toMatchObject({ storageKey: 'the id', state: 'new', record: undefined });
    expect(live.of(session)).toBe(state);
    expect(live.find(session)).toBe(state);
    state.isHashed = true;
    expect(JSON.stringify(session)).toBe('{}');
  });

  it('is there since its request came, and has a cookie of this module then', () => {
    const req = {};
    noteStart(req);
    const start = performance.now();
    vi.advanceTimersByTime(1000);
    expect(live.of({ id: 'a', req })).toMatchObject({ since: start, isCookieOurs: true });
    expect(live.of({ id: 'b' })).toMatchObject({ since: start + 1000, isCookieOurs: false });
  });

  it('is refused if it is no live session: it has no id', () => {
    expect(() => live.ofLive({ n: 1 })).toThrow(TypeError);
    expect(() => live.ofLive({ id: 7 })).toThrow('is not a live session of express-session');
    expect(live.ofLive({ id: 'the id' }).storageKey).toBe('the id');
  });

  it('needs no id if it was loaded', () => {
    const data = live.open('key', sessionRecord({}), TIME);
    expect(live.ofLive(data)).toBe(live.find(data));
  });
});
