import { hash } from 'node:crypto';

/**
 * Returns the key of a session's row: the lower-case hex SHA-256 of the session id. So the table does not contain the ids that
 * cookies carry.
 */
export function storageKeyOf(sessionId: string): string {
  return hash('sha256', sessionId, 'hex');
}
