import { hash } from 'node:crypto';

/** The number of base64url characters for 128 bits. */
const LENGTH = 22;

/**
 * Returns a name for a session that can be shown to its user. It does not open the session, and reveals neither the session id
 * nor the storage key. It stays the same as long as the session keeps its id.
 */
export function handleOf(storageKey: string): string {
  return hash('sha256', `session handle ${storageKey}`, 'base64url').slice(0, LENGTH);
}
