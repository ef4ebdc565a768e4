import { hash } from 'node:crypto';

/** Enough characters of base64url for 128 bits. */
const LENGTH = 22;

/**
 * Names a session to its user: it opens no session, and neither the session id nor the storage key can be told from it.
 * The same for as long as the session has its id.
 */
export function handleOf(storageKey: string): string {
  return hash('sha256', `session handle ${storageKey}`, 'base64url').slice(0, LENGTH);
}
