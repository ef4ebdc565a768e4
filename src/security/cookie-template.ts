import { inspect, types } from 'node:util';
import type { Request } from 'express';
import type { CookieOptions } from 'express-session';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import {
  COOKIE_DEFAULTS,
  EXPECTED_COOKIE,
  flawInCookie,
  isCookieOptions,
  type CookieAttributes,
  type CookieOption,
} from '../options/cookie-rules.js';

/** The options that say what a session's cookie is like. */
export interface CookieTemplate {
  readonly name: string;
  readonly cookie: CookieOption;
}

/** Where a request keeps what the app's function has returned for it. */
const RETURNED = Symbol('CookieAttributes');

type Asked = Request & { [RETURNED]?: CookieAttributes };

/**
 * What express-session takes for its option `cookie`. It resolves 'auto' in an object, and in what a function returns it
 * does not.
 */
export function optionForExpressSession(template: CookieTemplate): CookieOptions | ((request: Request) => CookieOptions) {
  const { cookie } = template;
  return (typeof cookie === 'function' ? (request: Request) => ask(template, cookie, request) : cookie) as CookieOptions;
}

/**
 * The attributes of the cookie of a request's session. The app's function is asked once: by
 * express-session, when the request arrives.
 *
 * @throws SmartSessionConfigError for what the app's function has returned
 */
export function attributesFor(request: Request, template: CookieTemplate): CookieAttributes {
  const { cookie } = template;
  if (typeof cookie !== 'function') return cookie;
  // express-session's `store.load` has a stand-in for the request, of which a function could tell nothing.
  if (!request.headers) return COOKIE_DEFAULTS;
  return (request as Asked)[RETURNED] ?? ask(template, cookie, request);
}

/** Whether a request came by TLS. `request.secure` follows Express's `trust proxy`. */
export function isSecure(request: Request): boolean {
  return request.secure === true || (request.socket as { encrypted?: boolean } | undefined)?.encrypted === true;
}

/** Puts what 'auto' means for a request in its place. */
export function resolveAuto(cookie: object, request: Request): void {
  const attributes = cookie as CookieAttributes;
  if (attributes.secure === 'auto') attributes.secure = isSecure(request);
  if (attributes.sameSite === 'auto') attributes.sameSite = isSecure(request) ? 'none' : 'lax';
}

function ask({ name }: CookieTemplate, cookie: (request: Request) => CookieAttributes, request: Request): CookieAttributes {
  const returned: unknown = cookie(request);
  if (types.isPromise(returned) || !isCookieOptions(returned))
    throw refused(`its function returned ${inspect(returned, { depth: 2, breakLength: Infinity })}`, EXPECTED_COOKIE);
  const whole = { ...COOKIE_DEFAULTS, ...(returned as CookieAttributes) };
  const flaw = flawInCookie({ name, cookie: whole });
  if (flaw) throw refused(`of what its function returned, ${flaw.given}`, flaw.expected);
  resolveAuto(whole, request);
  (request as Asked)[RETURNED] = whole;
  return whole;
}

function refused(given: string, expected: string): SmartSessionConfigError {
  return new SmartSessionConfigError('cookie', given, expected);
}
