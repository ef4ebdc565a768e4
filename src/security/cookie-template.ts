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

/** The options that describe the session cookie. */
export interface CookieTemplate {
  readonly name: string;
  readonly cookie: CookieOption;
}

/** The property in which a request keeps the attributes that the app's function has returned. */
const RETURNED = Symbol('CookieAttributes');

type Asked = Request & { [RETURNED]?: CookieAttributes };

/** Returns express-session's option `cookie`. express-session resolves 'auto' in an object, but not in the result of a function. */
export function optionForExpressSession(template: CookieTemplate): CookieOptions | ((request: Request) => CookieOptions) {
  const { cookie } = template;
  return (typeof cookie === 'function' ? (request: Request) => ask(template, cookie, request) : cookie) as CookieOptions;
}

/**
 * Returns the cookie attributes for a request's session. The app's function is called once for each request, by express-session
 * when the request arrives.
 *
 * @throws SmartSessionConfigError if the app's function has returned invalid attributes
 */
export function attributesFor(request: Request, template: CookieTemplate): CookieAttributes {
  const { cookie } = template;
  if (typeof cookie !== 'function') return cookie;
  // express-session's `store.load` passes a stand-in for the request, which is of no use to the app's function.
  if (!request.headers) return COOKIE_DEFAULTS;
  return (request as Asked)[RETURNED] ?? ask(template, cookie, request);
}

/** Whether a request came over TLS. `request.secure` follows Express's `trust proxy`. */
export function isSecure(request: Request): boolean {
  return request.secure === true || (request.socket as { encrypted?: boolean } | undefined)?.encrypted === true;
}

/** Replaces 'auto' by its meaning for a request. */
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
