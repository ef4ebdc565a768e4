import { SessionCodec, type SessionValues } from '../../src/codec/session.codec.js';
import type { StoredRecord } from '../../src/index.js';
import type { EncodedValues } from '../../src/merge/encoded-values.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { SessionRecord } from '../../src/records/session-record.js';

const plain = new SessionCodec(new SmartSessionOptions({ secret: 'x' }));

/** Returns a row with these values. */
export function storedRecord(values: SessionValues, given: Partial<StoredRecord> = {}): StoredRecord {
  return { data: JSON.stringify(values), version: 0, commitId: null, maxAge: null, remaining: 60_000, leaseId: null, ...given };
}

/** Returns the record that a process reads from such a row. */
export function sessionRecord(values: SessionValues, given: Partial<StoredRecord> = {}): SessionRecord {
  const stored = storedRecord(values, given);
  return SessionRecord.read(plain, stored, stored.data);
}

/** Returns values as a session stores them. */
export function encoded(values: SessionValues): EncodedValues {
  return plain.encodeValues(values);
}

/** Returns what encoded values stand for. */
export function decoded(values: EncodedValues): SessionValues {
  return plain.decodeValues(values);
}
