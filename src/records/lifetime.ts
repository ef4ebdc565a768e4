import type { Lifetime } from '../persistence/session.repository.js';
import { SessionNotSerializableError } from '../smart-session.errors.js';
import { LONGEST_LIFETIME } from '../options/longest-values.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';

/**
 * How long a record lives from now, unless its absolute lifetime ends before.
 *
 * @param maxAge the cookie's max age in ms; null for a cookie that ends with the browser, whose record lives for `ttl`
 * @param explicit whether the expiry moves backwards too, as when the handler chose this max age
 * @param keepsExpiry whether a live record keeps its expiry unless this is explicit
 * @param longest how long the session may live without use, whatever its max age, in ms
 */
export function lifetimeOf(
  maxAge: number | null,
  { ttl, touchAfter }: Pick<SmartSessionOptions, 'ttl' | 'touchAfter'>,
  explicit: boolean,
  keepsExpiry = false,
  longest = Infinity,
): Lifetime {
  const ms = Math.min(maxAge ?? ttl, longest, LONGEST_LIFETIME);
  // A short session would otherwise never be touched before it ends.
  return { ms, slack: keepsExpiry ? ms : Math.min(touchAfter, ms / 10), explicit };
}

/**
 * The lifetime of a record that ends at a given time, however it was used.
 *
 * @param longest how long the session may live without use, in ms
 */
export function exactLifetime(ms: number, longest = Infinity): Lifetime {
  return { ms: Math.min(ms, longest, LONGEST_LIFETIME), slack: 0, explicit: true };
}

/** What the cookie of a session that is plain data says of its life. */
export interface PlainLife {
  /** The cookie's max age in ms; null when it ends with the browser. */
  readonly maxAge: number | null;
  /** How many ms the session still lives; zero or less when its time is over, undefined when the cookie does not say. */
  readonly left: number | undefined;
}

/**
 * Reads the cookie of a session that is plain data: express-session's own, its JSON, or what a test makes of it.
 *
 * @throws SessionNotSerializableError for a time or a max age that is none
 */
export function lifeOfPlain(session: unknown): PlainLife {
  const { expires, originalMaxAge, maxAge } = Object(Object(session).cookie) as Record<string, unknown>;
  const left = says(expires) ? timeOf(expires) - Date.now() : undefined;
  const given = [originalMaxAge, maxAge].find(says);
  if (given !== undefined && !isMaxAge(given)) throw noMaxAge(given);
  const age = given ?? left;
  return { maxAge: age === undefined ? null : Math.round(age), left: left ?? age };
}

function says(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== '';
}

function timeOf(expires: unknown): number {
  const time = new Date(expires as string | number | Date).getTime();
  if (typeof expires === 'boolean' || !(time <= LATEST)) throw noMaxAge(expires);
  return time;
}

function isMaxAge(given: unknown): given is number {
  return typeof given === 'number' && Number.isFinite(given) && Date.now() + given <= LATEST;
}

/** The year in a cookie's Expires has four digits. */
const LATEST = Date.UTC(10_000, 0) - 1;

function noMaxAge(given: unknown): SessionNotSerializableError {
  const shown = typeof given === 'number' || given instanceof Date ? `${Number(given)}` : `a value of type ${typeof given}`;
  return new SessionNotSerializableError(
    'cookie.maxAge',
    `${shown} as a max age or expiry`,
    'Give `maxAge` a number of ms, or `expires` a date before the year 10000; null in both ends the cookie with the browser.',
  );
}

/** The max age of a session's cookie, in ms. Null if the cookie ends with the browser, NaN if the value is not a max age. */
export function maxAgeOf(session: object): number | null {
  const given: unknown = (session as { cookie?: { originalMaxAge?: unknown } }).cookie?.originalMaxAge;
  if (!says(given)) return null;
  return isMaxAge(given) ? Math.round(given) : Number.NaN;
}

/**
 * The max age that the cookie of a live session was given, in ms; null when it ends with the browser.
 *
 * @throws SessionNotSerializableError for what is no max age, such as the age that express-session makes of `maxAge = Infinity`
 */
export function storableMaxAgeOf(session: object): number | null {
  const maxAge = maxAgeOf(session);
  if (Number.isNaN(maxAge)) throw noMaxAge((session as { cookie: { originalMaxAge: unknown } }).cookie.originalMaxAge);
  return maxAge;
}

/** The max age of a session that another store has kept, in ms; null for what is none. */
export function maxAgeOrNull(session: object): number | null {
  const maxAge = maxAgeOf(session);
  return Number.isNaN(maxAge) ? null : maxAge;
}

/** Whether two max ages differ: express-session computes its own anew from the clock and loses up to some ms. */
export function isOtherMaxAge(left: number | null, right: number | null): boolean {
  if (left === null || right === null) return left !== right;
  // NaN is other than any.
  return !(Math.abs(left - right) <= CLOCK_DRIFT);
}

const CLOCK_DRIFT = 1000;

/**
 * Whether a record lives longer than the current options allow, because earlier options allowed more.
 *
 * @param expiresAt when the record ends, in ms
 * @param latest when it should end at the latest, on the same clock
 */
export function outlives(expiresAt: number, latest: number, { slack }: Lifetime): boolean {
  return expiresAt > latest + Math.max(slack, CLOCK_DRIFT);
}
