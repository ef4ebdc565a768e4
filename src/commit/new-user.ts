import type { SessionCodec } from '../codec/session.codec.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';
import type { SessionRecord } from '../records/session-record.js';
import { userIdIfKnown } from '../records/user-id.js';
import type { CommitOutcome } from './edit.js';

/**
 * Returns the user that a commit has given its session: the commit of a login. Null if it has no user, or had the same user before.
 *
 * @param before the record before the commit; undefined for a new one
 */
export function newUserOf(
  before: SessionRecord | undefined,
  outcome: CommitOutcome,
  options: Pick<SmartSessionOptions, 'userId'>,
  codec: SessionCodec,
): string | null {
  if (outcome.kind !== 'committed' || outcome.record === before) return null;
  const userOf = ({ values }: SessionRecord) => userIdIfKnown(values, options, codec) ?? null;
  const userId = userOf(outcome.record);
  return userId !== null && before && userOf(before) === userId ? null : userId;
}
