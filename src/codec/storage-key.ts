import { hash } from 'node:crypto';

/** What a row is keyed by: the lower-case hex SHA-256 of the session id, so that the table holds no cookie's secret. */
export function storageKeyOf(sessionId: string): string {
  return hash('sha256', sessionId, 'hex');
}
