import type { Lifetime } from '../persistence/session.repository.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';
import { lifetimeOf, outlives } from '../records/lifetime.js';
import type { LiveSession } from './live-session.js';

/** The lifetime that a session has from now; undefined if its expiry need not move. */
export function dueLifetime(
  { state, abandoned, policy, maxAge, longestUnused, expiresAt, endsAt }: LiveSession,
  options: SmartSessionOptions,
): Lifetime | undefined {
  if (state !== 'stored' || abandoned || policy.keepsExpiry) return undefined;
  const lifetime = lifetimeOf(maxAge, options, false, false, longestUnused);
  const latest = Math.min(performance.now() + lifetime.ms, endsAt);
  // A max age of zero or less has ended the session.
  if (lifetime.ms <= 0) return undefined;
  // A max age stays as it was stored: a handler may have chosen it.
  const isLimited = maxAge === null || longestUnused < Infinity;
  if (isLimited && outlives(expiresAt, latest, lifetime)) return { ...lifetime, explicit: true, maxAge };
  return expiresAt < latest - lifetime.slack ? { ...lifetime, maxAge } : undefined;
}
