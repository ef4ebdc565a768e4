import { isReservedName } from '../codec/reserved-names.js';
import type { SessionCodec, SessionValues } from '../codec/session.codec.js';
import { ChangedValues, differingKeys, type EncodedValues } from '../merge/encoded-values.js';

/**
 * Updates a live session to the current values of its record. A key that the handler has changed since `then` keeps its
 * value and its base.
 *
 * @param then the values of the live session at the last snapshot
 * @param now what the record holds
 * @returns the base of the live session
 */
export function rebase(session: object, codec: SessionCodec, then: EncodedValues, now: EncodedValues): EncodedValues {
  const kept = new Map<string, string | undefined>();
  for (const key of differingKeys(then, now)) {
    if (isReservedName(key)) continue;
    const isShown = holds(session, codec, key, then.get(key)) && show(session, codec, key, now.get(key));
    if (!isShown) kept.set(key, then.get(key));
  }
  return ChangedValues.of(now, kept);
}

function holds(session: object, codec: SessionCodec, key: string, text: string | undefined): boolean {
  if (!Object.hasOwn(session, key)) return text === undefined;
  try {
    return codec.encodeValue(key, (session as SessionValues)[key], text) === text;
  } catch {
    return false;
  }
}

/** Returns false for a session that the handler has frozen. */
function show(session: object, codec: SessionCodec, key: string, text: string | undefined): boolean {
  if (Object.isFrozen(session)) return false;
  return text === undefined ? Reflect.deleteProperty(session, key) : Reflect.set(session, key, codec.decodeValue(text));
}
