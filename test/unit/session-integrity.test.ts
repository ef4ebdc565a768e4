import type { Request } from 'express';
import expressSession from 'express-session';
import { isWhole, refuseBroken } from '../../src/live/session-integrity.js';
import { SessionNotSerializableError } from '../../src/smart-session.errors.js';

/** A session as express-session makes it for a request, after a handler has changed it. */
function changed(change: (session: Record<string, unknown>) => void): object {
  const cookie = { originalMaxAge: 1000 } as expressSession.Cookie;
  const session = new expressSession.MemoryStore().createSession({ sessionID: 'id' } as Request, { cookie });
  change(session as unknown as Record<string, unknown>);
  return session;
}

const refusal = (session: object): unknown => {
  try {
    refuseBroken(session);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('a live session', () => {
  it('is whole as express-session makes it, with any values', () => {
    const session = changed((it) => Object.assign(it, { user: 'ada', cart: { touch: 1, cookie: 'biscuit' } }));
    expect(isWhole(session)).toBe(true);
    expect(refusal(session)).toBeUndefined();
  });

  it('is whole after its cookie was changed', () => {
    const session = changed(({ cookie }) => Object.assign(cookie as object, { maxAge: 7, path: '/shop' }));
    expect(isWhole(session)).toBe(true);
    expect(refusal(session)).toBeUndefined();
  });

  it.each([
    ['an object', { maxAge: 1000 }],
    ['a text', 'biscuit'],
    ['null', null],
    ['undefined', undefined],
  ])('is refused with %s in place of its cookie', (_, cookie) => {
    const session = changed((it) => (it.cookie = cookie));
    expect(isWhole(session)).toBe(false);
    expect(refusal(session)).toBeInstanceOf(SessionNotSerializableError);
    expect(refusal(session)).toMatchObject({ path: 'cookie', message: expect.stringContaining('Do not replace the cookie.') });
  });

  it('is refused without a cookie', () => {
    expect(refusal(changed((it) => delete it.cookie))).toMatchObject({ path: 'cookie' });
  });

  it('is refused with other methods, by the name that has replaced them', () => {
    const session = changed((it) => Object.setPrototypeOf(it, { admin: true }));
    expect(isWhole(session)).toBe(false);
    expect(refusal(session)).toBeInstanceOf(SessionNotSerializableError);
    expect(refusal(session)).toMatchObject({ path: '__proto__' });
  });

  it('is not whole with a value named `touch`, which is not refused as a prototype', () => {
    const session = changed((it) => (it.touch = 'soft'));
    expect(isWhole(session)).toBe(false);
    expect(refusal(session)).toBeUndefined();
  });
});

it('loaded data is whole without a cookie and methods', () => {
  expect(isWhole({ user: 'ada' })).toBe(true);
  expect(refusal({ user: 'ada', cookie: { originalMaxAge: null } })).toBeUndefined();
});
