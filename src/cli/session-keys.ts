import type { SessionCodec } from '../codec/session.codec.js';
import { storedValuesIn } from '../codec/stored-values.js';

/** A top-level key of a session, without its value. */
export interface SessionKeySize {
  readonly name: string;
  /** The size of its stored value, in bytes. */
  readonly bytes: number;
}

/** The keys of a session, or why they cannot be read. */
export type SessionKeys = { readonly keys: readonly SessionKeySize[] } | { readonly unreadable: string };

/** Returns the keys of a session and the sizes of their values, the largest first. */
export function keysIn(codec: SessionCodec, storageKey: string, data: string): SessionKeys {
  const read = storedValuesIn(codec, storageKey, data);
  if ('unreadable' in read) return read;
  const keys = Object.entries(read.values).map(([name, value]) => ({ name, bytes: Buffer.byteLength(JSON.stringify(value)) }));
  return { keys: keys.toSorted((left, right) => right.bytes - left.bytes) };
}
