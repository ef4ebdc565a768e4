import { SessionCodec } from '../../src/codec/session.codec.js';
import type { Edit } from '../../src/commit/edit.js';
import { lifetimeAfter } from '../../src/commit/edit-lifetime.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import type { SessionRecord } from '../../src/records/session-record.js';
import { sessionRecord } from '../support/records.js';

const options = new SmartSessionOptions({ secret: 'x', ttl: 100_000, touchAfter: 2000, userId: 'user', anonymousTtl: 30_000 });
const codec = new SessionCodec(options);
const apply: Edit['apply'] = (current) => current;
const withUser = sessionRecord({ user: 'ann' });
const withoutUser = sessionRecord({});

function after(edit: Partial<Edit>, current: SessionRecord | undefined = withUser, maxAge: number | null = null, longest = Infinity) {
  return lifetimeAfter({ apply, ...edit }, current, maxAge, longest, options, codec);
}

describe('the lifetime after an edit', () => {
  it('is the `ttl` for a cookie that ends with the browser, and its max age otherwise', () => {
    expect(after({})).toEqual({ ms: 100_000, slack: 2000, explicit: false });
    expect(after({}, withUser, 50_000)).toEqual({ ms: 50_000, slack: 2000, explicit: false });
  });

  it('is the one that the edit gives, whatever the max age', () => {
    const lifetime = { ms: 7000, slack: 500, explicit: false };
    expect(after({ lifetime }, withUser, 50_000)).toEqual({ ms: 7000, slack: 0, explicit: true });
    expect(after({ lifetime }, withUser, 50_000, 3000)).toMatchObject({ ms: 3000 });
  });

  it.each([null, 50_000])('may be shorter than before if the edit sets the max age to %o', (maxAge) => {
    expect(after({ maxAge }, withUser, maxAge).explicit).toBe(true);
  });

  it('is not renewed by an edit that keeps the expiry', () => {
    const { ms, slack } = after({ keepsExpiry: true });
    expect(slack).toBe(ms);
  });

  it('may be shorter than before if the session loses its user', () => {
    expect(after({}, withUser, null, 30_000)).toEqual({ ms: 30_000, slack: 2000, explicit: true });
  });

  it.each<[string, Partial<Edit>, SessionRecord | undefined, number]>([
    ['had no user before', {}, withoutUser, 30_000],
    ['still has a user', {}, withUser, Infinity],
    ['keeps its expiry', { keepsExpiry: true }, withUser, 30_000],
  ])('is not shortened for a session that %s', (_name, edit, current, longest) => {
    // `explicit` lets the expiry move to an earlier time.
    expect(after(edit, current, null, longest).explicit).toBe(false);
  });

  it('does not depend on a record before, for a new session', () => {
    expect(lifetimeAfter({ apply }, undefined, null, 30_000, options, codec)).toEqual({ ms: 30_000, slack: 2000, explicit: false });
  });

  it('may be shorter than before if the user before cannot be found', () => {
    expect(after({}, sessionRecord({ user: {} }), null, 30_000).explicit).toBe(true);
  });
});
