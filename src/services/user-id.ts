import type { SessionCodec } from '../codec/session.codec.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import { SessionNotSerializableError } from '../smart-session.errors.js';
import type { SmartSessionOptions } from '../smart-session.options.js';

const LONGEST_USER_ID = 255;

/** The user of a session, as the option `userId` finds it in the stored values. */
export function userIdOf(values: EncodedValues, { userId: find }: Pick<SmartSessionOptions, 'userId'>, codec: SessionCodec): string | null {
  const found = typeof find === 'function' ? find(codec.decodeValues(values)) : valueAt(values, find, codec);
  if (found === undefined || found === null) return null;
  const userId = String(found);
  if (userId.length > LONGEST_USER_ID) {
    throw new SessionNotSerializableError('userId', `a user id of ${userId.length} characters (at most ${LONGEST_USER_ID})`, 'Use a shorter one.');
  }
  // PostgreSQL's texts have none.
  if (userId.includes('\0')) throw new SessionNotSerializableError('userId', 'a user id with a NUL', 'Use one without.');
  return userId;
}

function valueAt(values: EncodedValues, key: string | undefined, codec: SessionCodec): unknown {
  const text = key === undefined ? undefined : values.get(key);
  return text === undefined ? undefined : codec.decodeValue(text);
}
