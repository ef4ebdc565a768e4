import type { Request } from 'express';
import type { CookieOptions } from 'express-session';

/** The attributes of a session's cookie, with `maxAge` in ms; `auto` follows whether the request came by TLS. */
export type CookieAttributes = Omit<CookieOptions, 'expires' | 'sameSite'> & { sameSite?: CookieOptions['sameSite'] | 'auto' };

/** The attributes of every session's cookie, or a function that returns them for the request that a session is made or loaded for. */
export type CookieOption = CookieAttributes | ((request: Request) => CookieAttributes);

/** What the rules look at. */
export interface CookieSettings {
  readonly name: string;
  readonly cookie: CookieAttributes;
}

/** What a cookie has when the app says nothing else. */
export const COOKIE_DEFAULTS: CookieAttributes = Object.freeze({ httpOnly: true, sameSite: 'lax', secure: 'auto' });

/** In ms: a century. */
export const LONGEST_MAX_AGE = 100 * 365 * 24 * 3_600_000;

/** What the package `cookie` writes. Of what it does not, express-session leaves the whole cookie out. */
const DOMAIN = /^\.?[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i;
const PATH = /^\/[ -:=-~]*$/;

/** In characters: browsers ignore an attribute that is longer. */
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

/** What to give in place of what are no cookie options. */
export const EXPECTED_COOKIE = `Give express-session's cookie options: ${Object.keys(CHECKS).join(', ')}, with maxAge in ms, at most ${LONGEST_MAX_AGE}.`;

/** Whether something is an object of express-session's cookie options. */
export function isCookieOptions(given: unknown): boolean {
  const isRight = ([key, value]: [string, unknown]) => value === undefined || (Object.hasOwn(CHECKS, key) && CHECKS[key]!(value));
  return typeof given === 'object' && given !== null && !Array.isArray(given) && Object.entries(given).every(isRight);
}

/** What is wrong, and what would be right. */
export interface CookieFlaw {
  readonly option: 'name' | 'cookie';
  readonly given: string;
  readonly expected: string;
}

/** A browser refuses a longer name and value together. */
const LONGEST_COOKIE = 4096;

/** `s:`, an id of 32 characters, a dot and a signature of 43, escaped. */
const LONGEST_VALUE = 128;

/** What browsers would refuse; undefined for a cookie that they keep. */
export function flawInCookie({ name, cookie }: CookieSettings): CookieFlaw | undefined {
  const { secure, domain, path = '/', sameSite, partitioned } = cookie;
  const prefix = /^__(host|secure)-/i.exec(name)?.[0];
  // With 'auto' it is sent without Secure where a request comes by http: a prefix says that it never is.
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

/** What to set for a cookie as OWASP recommends it; empty for one that is so. */
export function adviceForCookie({ cookie }: CookieSettings): string[] {
  return [
    ...(cookie.httpOnly ? [] : ['httpOnly: true (scripts can read it)']),
    ...(cookie.secure === false || cookie.secure === undefined ? ['secure: true (it travels in the clear)'] : []),
    ...(cookie.sameSite === false || cookie.sameSite === undefined ? ["sameSite: 'lax' (requests from other sites may carry it)"] : []),
  ];
}
