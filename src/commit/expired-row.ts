import type { LifecycleObserver } from '../observers/session-observers.js';
import type { SessionRepository } from '../persistence/session.repository.js';

/**
 * Deletes the expired row that an insert may have met: no load finds such a row, but it takes the key. Reports
 * that the session has expired.
 *
 * @returns whether there was one, so that the insert can be tried again
 */
export async function removeExpiredRow(
  repository: Pick<SessionRepository, 'removeExpired'>,
  storageKey: string,
  lifecycle: LifecycleObserver | undefined,
): Promise<boolean> {
  const isRemoved = await repository.removeExpired(storageKey);
  if (isRemoved) lifecycle?.expired({ storageKey });
  return isRemoved;
}
