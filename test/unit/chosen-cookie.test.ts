import type { Request } from 'express';
import expressSession from 'express-session';
import { COOKIE_KEY, chosenIn, chosenText, isCookieChanged, showChosen } from '../../src/live/chosen-cookie.js';
import type { EncodedValues } from '../../src/merge/encoded-values.js';
import type { CookieTemplate } from '../../src/security/cookie-template.js';
import { SessionNotSerializableError } from '../../src/smart-session.errors.js';

const TEMPLATE: CookieTemplate = { name: 'sid', cookie: { httpOnly: true, sameSite: 'lax', secure: false } };

/** Its `auto` follows the connection of the request. */
const AUTO: CookieTemplate = { name: 'sid', cookie: { httpOnly: true, sameSite: 'auto', secure: 'auto' } };

type Live = expressSession.Session & expressSession.SessionData;

/** A record with the attributes that a handler has chosen. */
const recordWith = (chosen: object | null): EncodedValues => new Map([[COOKIE_KEY, JSON.stringify(chosen)]]);
const NONE: EncodedValues = new Map();

/** A live session whose cookie has these attributes. */
function sessionWith(attributes: object = { httpOnly: true, sameSite: 'lax', secure: false }, request: object = {}): Live {
  const req = { sessionID: 'id', headers: {}, ...request } as unknown as Request;
  const cookie = { originalMaxAge: null } as unknown as expressSession.Cookie;
  const session = new expressSession.MemoryStore().createSession(req, { cookie }) as Live;
  Object.assign(session.cookie, attributes);
  return session;
}

/** The same after a handler has chosen attributes. */
function choosing(session: Live, chosen: object): Live {
  Object.assign(session.cookie, chosen);
  return session;
}

describe('the attributes that a record keeps', () => {
  it('are those that were chosen', () => {
    expect(chosenIn(recordWith({ path: '/shop', secure: true }))).toEqual({ path: '/shop', secure: true });
  });

  it('are none without a record or a choice', () => {
    expect(chosenIn(undefined)).toEqual({});
    expect(chosenIn(NONE)).toEqual({});
    expect(chosenIn(recordWith(null))).toEqual({});
  });

  it('take an attribute of the options away with null', () => {
    const chosen = chosenIn(recordWith({ domain: null }));
    expect(Object.keys(chosen)).toEqual(['domain']);
    expect(chosen.domain).toBeUndefined();
  });

  it.each([
    ['has a max age', { path: '/', maxAge: 1000 }],
    ['has the expiry of another store', { path: '/', originalMaxAge: 1000, expires: '2030-01-01' }],
    ['has a value that is no attribute', { path: 7 }],
  ])('are none if the cookie %s', (_, cookie) => {
    expect(chosenIn(recordWith(cookie))).toEqual({});
  });
});

describe('a cookie', () => {
  it('is not changed while it has the attributes of the options', () => {
    expect(isCookieChanged(sessionWith(), NONE, TEMPLATE)).toBe(false);
    expect(isCookieChanged(sessionWith(), undefined, TEMPLATE)).toBe(false);
  });

  it.each([
    ['domain', 'example.org'],
    ['httpOnly', false],
    ['partitioned', true],
    ['path', '/shop'],
    ['priority', 'high'],
    ['sameSite', 'strict'],
    ['secure', true],
  ])('is changed by another %s', (name, value) => {
    expect(isCookieChanged(choosing(sessionWith(), { [name]: value }), NONE, TEMPLATE)).toBe(true);
  });

  it('is not changed by its max age, which is stored by itself', () => {
    expect(isCookieChanged(choosing(sessionWith(), { maxAge: 1000 }), NONE, TEMPLATE)).toBe(false);
  });

  it('is compared with what an earlier handler chose', () => {
    const record = recordWith({ path: '/shop' });
    expect(isCookieChanged(choosing(sessionWith(), { path: '/shop' }), record, TEMPLATE)).toBe(false);
    expect(isCookieChanged(sessionWith(), record, TEMPLATE)).toBe(true);
  });

  it.each([
    { secure: true, attributes: { sameSite: 'none', secure: true } },
    { secure: false, attributes: { sameSite: 'lax', secure: false } },
  ])("has the attributes that 'auto' means for its request (secure: $secure)", ({ secure, attributes }) => {
    expect(isCookieChanged(sessionWith(attributes, { secure }), NONE, AUTO)).toBe(false);
    expect(isCookieChanged(sessionWith(attributes, { secure: !secure }), NONE, AUTO)).toBe(true);
  });

  it('is not changed in loaded data, or in a session that has lost it', () => {
    expect(isCookieChanged({ cookie: { path: '/shop' } }, NONE, TEMPLATE)).toBe(false);
    for (const cookie of [null, undefined, 'biscuit'])
      expect(isCookieChanged(Object.assign(sessionWith(), { cookie }), NONE, TEMPLATE)).toBe(false);
  });
});

describe('the text of a chosen cookie', () => {
  it('has what differs from the options, sorted by name', () => {
    const session = choosing(sessionWith(), { secure: true, path: '/shop', domain: 'example.org', maxAge: 1000 });
    expect(chosenText(session, NONE, TEMPLATE)).toBe('{"domain":"example.org","path":"/shop","secure":true}');
  });

  it('has null for an attribute that the handler took away', () => {
    expect(chosenText(choosing(sessionWith(), { sameSite: undefined }), undefined, TEMPLATE)).toBe('{"sameSite":null}');
  });

  it('keeps what an earlier handler chose', () => {
    const session = choosing(sessionWith(), { path: '/shop', priority: 'high' });
    expect(chosenText(session, recordWith({ path: '/shop' }), TEMPLATE)).toBe('{"path":"/shop","priority":"high"}');
  });

  it('keeps an earlier choice that the options have come to share', () => {
    const session = choosing(sessionWith(), { priority: 'high' });
    expect(chosenText(session, recordWith({ sameSite: 'lax' }), TEMPLATE)).toBe('{"priority":"high","sameSite":"lax"}');
  });

  it('drops an earlier choice if the handler goes back to the options', () => {
    const session = choosing(sessionWith(), { path: '/' });
    expect(chosenText(session, recordWith({ path: '/shop' }), TEMPLATE)).toBe('{}');
  });

  it('is what `chosenIn` reads', () => {
    const chosen = { domain: undefined, path: '/shop', priority: 'low' };
    const template = { ...TEMPLATE, cookie: { ...TEMPLATE.cookie, domain: 'example.org' } };
    const text = chosenText(choosing(sessionWith(), chosen), NONE, template);
    expect(chosenIn(new Map([[COOKIE_KEY, text]]))).toStrictEqual(chosen);
  });

  it('is refused for a value that is not valid, without the value', () => {
    const refused = () => chosenText(choosing(sessionWith(), { domain: 'no domain; secret' }), NONE, TEMPLATE);
    expect(refused).toThrow(SessionNotSerializableError);
    expect(refused).toThrow('a value of type string, which is not valid for this attribute at `cookie.domain`');
    expect(refused).not.toThrow('secret');
  });

  it('is refused for a cookie that browsers refuse', () => {
    expect(() => chosenText(choosing(sessionWith(), { sameSite: 'none' }), NONE, TEMPLATE)).toThrow(
      "a cookie (`sameSite: 'none'` was given with `secure: false`)",
    );
    expect(chosenText(choosing(sessionWith(), { sameSite: 'none', secure: true }), NONE, TEMPLATE)).toBe(
      '{"sameSite":"none","secure":true}',
    );
  });

  it('may need an attribute of the options', () => {
    const template = { ...TEMPLATE, cookie: { ...TEMPLATE.cookie, secure: true } };
    const session = sessionWith({ httpOnly: true, sameSite: 'none', secure: true });
    expect(chosenText(session, NONE, template)).toBe('{"sameSite":"none"}');
  });
});

describe('a live session', () => {
  it('is shown the attributes that others have chosen', () => {
    const session = sessionWith();
    showChosen(session, NONE, recordWith({ path: '/shop', secure: true }), TEMPLATE);
    expect(session.cookie).toMatchObject({ path: '/shop', secure: true, httpOnly: true, sameSite: 'lax' });
  });

  it('is shown the attributes of the options if others have dropped their choice', () => {
    const session = choosing(sessionWith(), { path: '/shop' });
    showChosen(session, recordWith({ path: '/shop' }), NONE, TEMPLATE);
    expect(session.cookie.path).toBe('/');
  });

  it('keeps the attributes that its handler has changed', () => {
    const session = choosing(sessionWith(), { path: '/mine' });
    showChosen(session, undefined, recordWith({ path: '/shop', priority: 'high' }), TEMPLATE);
    expect(session.cookie).toMatchObject({ path: '/mine', priority: 'high' });
  });

  it('loses an attribute that others have taken away', () => {
    const session = sessionWith();
    showChosen(session, NONE, recordWith({ sameSite: null }), TEMPLATE);
    expect(session.cookie.sameSite).toBeUndefined();
  });

  it('is left alone without a cookie or a request', () => {
    const data = { cookie: { path: '/' } };
    showChosen(data, NONE, recordWith({ path: '/shop' }), TEMPLATE);
    expect(data.cookie.path).toBe('/');
    for (const cookie of [null, 'biscuit'])
      expect(() => showChosen(Object.assign(sessionWith(), { cookie }), NONE, recordWith({ path: '/shop' }), TEMPLATE)).not.toThrow();
  });
});
