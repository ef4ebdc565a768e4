import type { Request } from 'express';
import type { CookieOptions } from 'express-session';
import { isKeyedObject } from '../shared/plain-object.js';

/** The attributes of the cookie. `maxAge` is in ms. `auto` depends on whether the request came by TLS. */
export type CookieAttributes = Omit<CookieOptions, 'expires' | 'sameSite'> & { sameSite?: CookieOptions['sameSite'] | 'auto' };

/** The attributes of the cookie, or a function that returns them for the request that makes or loads a session. */
export type CookieOption = CookieAttributes | ((request: Request) => CookieAttributes);

/** The options that the rules check. */
export interface CookieSettings {
  readonly name: string;
  readonly cookie: CookieAttributes;
}

/** The attributes of a cookie that the app does not set. */
export const COOKIE_DEFAULTS: CookieAttributes = Object.freeze({ httpOnly: true, sameSite: 'lax', secure: 'auto' });

/** In ms: a century. */
export const LONGEST_MAX_AGE = 100 * 365 * 24 * 3_600_000;

/** The values that the package `cookie` accepts. For another value, express-session sends no cookie at all. */
const DOMAIN = /^\.?[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i;
const PATH = /^\/[ -:=-~]*$/;

/** In characters. Browsers ignore a longer attribute. */
const LONGEST_ATTRIBUTE = 1024;

const isLike = (pattern: RegExp) => (given: unknown) =>
  typeof given === 'string' && given.length <= LONGEST_ATTRIBUTE && pattern.test(given);
const isBoolean = (given: unknown) => typeof given === 'boolean';

const CHECKS: Readonly<Record<string, (given: unknown) => boolean>> = {
  maxAge: (given) => given === null || (typeof given === 'number' && given > 0 && given <= LONGEST_MAX_AGE),
  path: isLike(PATH),
  domain: isLike(DOMAIN),
  secure: (given) => isBoolean(given) || given === 'auto',
  httpOnly: isBoolean,
  partitioned: isBoolean,
  sameSite: (given) => isBoolean(given) || ['lax', 'strict', 'none', 'auto'].includes(given as string),
  priority: (given) => ['low', 'medium', 'high'].includes(given as string),
};

/** The advice for a value that is not an object of cookie options. */
export const EXPECTED_COOKIE = `Give express-session's cookie options: ${Object.keys(CHECKS).join(', ')}, with maxAge in ms, at most ${LONGEST_MAX_AGE}, sameSite true, false, 'lax', 'strict', 'none' or 'auto', secure true, false or 'auto', and priority 'low', 'medium' or 'high'.`;

/** Whether a value is an object of express-session's cookie options. */
export function isCookieOptions(given: unknown): boolean {
  const isRight = ([key, value]: [string, unknown]) => value === undefined || (Object.hasOwn(CHECKS, key) && CHECKS[key]!(value));
  return isKeyedObject(given) && Object.entries(given).every(isRight);
}

/** A cookie that browsers refuse. */
export interface CookieFlaw {
  readonly option: 'name' | 'cookie';
  readonly given: string;
  readonly expected: string;
}

/** In bytes, name and value together. Browsers refuse a longer cookie. */
const LONGEST_COOKIE = 4096;

/** In bytes, escaped: `s:`, an id of 32 characters, a dot, and a signature of 43. */
const LONGEST_VALUE = 128;

/** Returns the reason why browsers would refuse a cookie; undefined if they accept it. */
export function flawInCookie({ name, cookie }: CookieSettings): CookieFlaw | undefined {
  const { secure, domain, path = '/', sameSite, partitioned } = cookie;
  const prefix = /^__(host|secure)-/i.exec(name)?.[0];
  // With 'auto', a request by http gets the cookie without Secure. A prefix does not allow that.
  if (prefix && secure !== true)
    return flaw('cookie', `the name begins with ${prefix} and \`secure\` is not true`, 'set `cookie: { secure: true }`.');
  if (prefix?.toLowerCase() === '__host-' && (domain !== undefined || path !== '/'))
    return flaw(
      'cookie',
      `the name begins with ${prefix} and ${domain === undefined ? 'a path' : 'a domain'} is set`,
      'leave `domain` and `path` out, or begin the name with __Secure-.',
    );
  if (sameSite === 'none' && !secure) return flaw('cookie', "`sameSite: 'none'` was given with `secure: false`", 'set `secure: true`.');
  if (partitioned && !secure) return flaw('cookie', '`partitioned` was given with `secure: false`', 'set `secure: true`.');
  if (name.length + LONGEST_VALUE > LONGEST_COOKIE)
    return flaw('name', `a name of ${name.length} characters was given`, `use at most ${LONGEST_COOKIE - LONGEST_VALUE}.`);
  return undefined;
}

function flaw(option: 'name' | 'cookie', given: string, right: string): CookieFlaw {
  return { option, given, expected: `Browsers refuse such a cookie: ${right}` };
}

/** Returns what to set so that the cookie is as OWASP recommends; empty if it is. */
export function adviceForCookie({ cookie }: CookieSettings): string[] {
  return [
    ...(cookie.httpOnly ? [] : ['httpOnly: true (scripts can read it)']),
    ...(cookie.secure === false || cookie.secure === undefined ? ['secure: true (it travels in the clear)'] : []),
    ...(cookie.sameSite === false || cookie.sameSite === undefined ? ["sameSite: 'lax' (requests from other sites may carry it)"] : []),
  ];
}
