import { adviceForCookie, flawInCookie, isCookieOptions, LONGEST_MAX_AGE, type CookieAttributes } from '../../src/options/cookie-rules.js';

describe('isCookieOptions', () => {
  it.each<unknown>([
    {},
    { maxAge: 1 },
    { maxAge: null },
    { maxAge: LONGEST_MAX_AGE },
    { path: '/a/b', domain: '.example.com', secure: 'auto', httpOnly: false, partitioned: true, sameSite: 'none', priority: 'high' },
    { domain: undefined },
    { sameSite: true },
  ])('accepts %j', (given) => {
    expect(isCookieOptions(given)).toBe(true);
  });

  it.each<unknown>([
    null,
    [],
    'text',
    { expires: new Date(0) },
    { constructor: 1 },
    { maxAge: 0 },
    { maxAge: LONGEST_MAX_AGE + 1 },
    { maxAge: '1d' },
    { path: 'a' },
    { path: '/a;b' },
    { path: `/${'a'.repeat(1024)}` },
    { domain: 'a b' },
    { domain: 'example.com:80' },
    { secure: 'yes' },
    { sameSite: 'sometimes' },
    { priority: 'top' },
  ])('refuses %j', (given) => {
    expect(isCookieOptions(given)).toBe(false);
  });
});

describe('flawInCookie', () => {
  it.each<[string, CookieAttributes]>([
    ['sid', {}],
    ['__Host-sid', { secure: true }],
    ['__Host-sid', { secure: true, path: '/' }],
    ['__Secure-sid', { secure: true, path: '/app', domain: 'example.com' }],
    ['sid', { sameSite: 'none', secure: 'auto' }],
    ['x'.repeat(3968), {}],
  ])('finds none in %s with %j', (name, cookie) => {
    expect(flawInCookie({ name, cookie })).toBeUndefined();
  });

  it.each<[string, CookieAttributes, 'name' | 'cookie', RegExp]>([
    ['__Host-sid', {}, 'cookie', /begins with __Host- and `secure` is not true/],
    ['__SECURE-sid', { secure: 'auto' }, 'cookie', /begins with __SECURE- and `secure` is not true/],
    ['__Host-sid', { secure: true, path: '/app' }, 'cookie', /a path is set/],
    ['__host-sid', { secure: true, domain: 'example.com' }, 'cookie', /a domain is set/],
    ['sid', { sameSite: 'none', secure: false }, 'cookie', /`sameSite: 'none'`/],
    ['sid', { partitioned: true, secure: false }, 'cookie', /`partitioned`/],
    ['x'.repeat(3969), {}, 'name', /a name of 3969 characters/],
  ])('finds one in %.12s with %j', (name, cookie, option, given) => {
    expect(flawInCookie({ name, cookie })).toEqual({
      option,
      given: expect.stringMatching(given),
      expected: expect.stringMatching(/^Browsers refuse/),
    });
  });
});

describe('adviceForCookie', () => {
  it.each<[CookieAttributes, string]>([
    [{ httpOnly: true, secure: 'auto', sameSite: 'lax' }, ''],
    [{ httpOnly: true, secure: true, sameSite: 'none' }, ''],
    [{ secure: true, sameSite: 'lax' }, 'httpOnly: true'],
    [{ httpOnly: true, secure: false, sameSite: 'lax' }, 'secure: true'],
    [{ httpOnly: true, sameSite: 'lax' }, 'secure: true'],
    [{ httpOnly: true, secure: true, sameSite: false }, "sameSite: 'lax'"],
    [{}, "httpOnly: true, secure: true, sameSite: 'lax'"],
  ])('for %j is "%s"', (cookie, advice) => {
    expect(
      adviceForCookie({ name: 'sid', cookie })
        .map((line) => line.replace(/ \(.*/, ''))
        .join(', '),
    ).toBe(advice);
  });
});
