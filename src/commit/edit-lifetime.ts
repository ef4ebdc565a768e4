import type { SessionCodec } from '../codec/session.codec.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';
import type { Lifetime } from '../persistence/session.repository.js';
import { exactLifetime, lifetimeOf } from '../records/lifetime.js';
import type { SessionRecord } from '../records/session-record.js';
import { userIdIfKnown } from '../records/user-id.js';
import type { Edit } from './edit.js';

/**
 * How long a record lives after an edit. A session that loses its user may end earlier than before.
 *
 * @param current the record before; undefined for a new one
 * @param maxAge the cookie's max age after the edit, in ms
 * @param longest how long the session may live without use after the edit, in ms
 */
export function lifetimeAfter(
  { lifetime, maxAge: chosen, keepsExpiry }: Edit,
  current: SessionRecord | undefined,
  maxAge: number | null,
  longest: number,
  options: SmartSessionOptions,
  codec: SessionCodec,
): Lifetime {
  if (lifetime) return exactLifetime(lifetime.ms, longest);
  const losesUser = longest < Infinity && current !== undefined && !keepsExpiry && userIdIfKnown(current.values, options, codec) !== null;
  return lifetimeOf(maxAge, options, chosen !== undefined || losesUser, keepsExpiry, longest);
}
