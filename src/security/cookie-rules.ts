import type { CookieOptions } from 'express-session';

/** What the rules look at. */
export interface CookieSettings {
  readonly name: string;
  readonly cookie: Omit<CookieOptions, 'expires'>;
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
  if (prefix && secure !== true) return flaw('cookie', `the name begins with ${prefix} and \`secure\` is not true`, 'set `cookie: { secure: true }`.');
  if (prefix?.toLowerCase() === '__host-' && (domain !== undefined || path !== '/')) return flaw('cookie', `the name begins with ${prefix} and ${domain === undefined ? 'a path' : 'a domain'} is set`, 'leave `domain` and `path` out, or begin the name with __Secure-.');
  if (sameSite === 'none' && secure === false) return flaw('cookie', "`sameSite: 'none'` was given with `secure: false`", 'set `secure: true`.');
  if (partitioned && secure === false) return flaw('cookie', '`partitioned` was given with `secure: false`', 'set `secure: true`.');
  if (name.length + LONGEST_VALUE > LONGEST_COOKIE) return flaw('name', `a name of ${name.length} characters was given`, `use at most ${LONGEST_COOKIE - LONGEST_VALUE}.`);
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
