import type { Lifetime } from '../persistence/session.repository.js';
import { LONGEST_LIFETIME, type SmartSessionOptions } from '../smart-session.options.js';

/**
 * How long a record shall live from now, unless its absolute lifetime ends before.
 *
 * @param maxAge the cookie's max age in ms; null for a cookie that ends with the browser, whose record lives for `ttl`
 * @param explicit whether the handler chose this max age
 * @param keepsExpiry whether a live record keeps its expiry unless this is explicit
 */
export function lifetimeOf(
  maxAge: number | null,
  { ttl, touchAfter }: Pick<SmartSessionOptions, 'ttl' | 'touchAfter'>,
  explicit: boolean,
  keepsExpiry = false,
): Lifetime {
  const ms = Math.min(maxAge ?? ttl, LONGEST_LIFETIME);
  // A short session would otherwise never be touched before it ends.
  return { ms, slack: keepsExpiry ? ms : Math.min(touchAfter, ms / 10), explicit };
}

/** The max age that the cookie was given, in ms; null when it ends with the browser. */
export function maxAgeOf(session: object): number | null {
  const originalMaxAge: unknown = (session as { cookie?: { originalMaxAge?: unknown } }).cookie?.originalMaxAge;
  return typeof originalMaxAge === 'number' && Number.isFinite(originalMaxAge) ? originalMaxAge : null;
}

/** Whether two max ages differ: express-session computes its own anew from the clock and loses up to some ms. */
export function isOtherMaxAge(left: number | null, right: number | null): boolean {
  if (left === null || right === null) return left !== right;
  return Math.abs(left - right) > CLOCK_DRIFT;
}

const CLOCK_DRIFT = 1000;
