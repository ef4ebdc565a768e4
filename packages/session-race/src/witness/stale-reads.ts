import type { HistoryRequest } from '../history/history-request.js';
import type { SessionHistory } from '../history/session-history.js';
import type { Breach } from './breach.js';
import { effectEndOf, firmUpdates, overlaps, readsBeforeEnd, type FirmUpdate } from './updates.js';

/**
 * Reads that began after the answer to an update, lack it, and were followed by reads that have it. Certain only if no other request ran
 * at the time of the update: another one may have overwritten it for a while, which is no stale read.
 */
export function findStale(session: SessionHistory): Breach[] {
  const missing = missingForAWhile(session).filter(({ update }) => isAlone(session, update.put));
  const byRead = new Map(missing.toReversed().map((one) => [one.read, one]));
  return [...byRead.values()].map(({ read, update: { put, key } }) => ({
    kind: 'stale',
    session: session.key,
    key,
    victim: put,
    proof: read,
    text: `A read after the answer did not find ${key}, and a later read did.`,
  }));
}

/** How many acknowledged updates were missing for a while, and were neither lost nor certainly read too early. */
export function countVanished(session: SessionHistory): number {
  const puts = missingForAWhile(session).filter(({ update }) => !isAlone(session, update.put));
  return new Set(puts.map(({ update: { put } }) => put)).size;
}

function missingForAWhile(session: SessionHistory): { readonly read: HistoryRequest; readonly update: FirmUpdate }[] {
  const reads = readsBeforeEnd(session);
  return firmUpdates(session).flatMap((update) => {
    const { put, key, value } = update;
    const found = reads.filter(({ seen }) => seen?.[key] === value);
    const isMissed = ({ seen, startedAt }: HistoryRequest) =>
      startedAt > put.endedAt && seen?.[key] !== value && found.some((later) => later.startedAt > startedAt);
    return reads.filter(isMissed).map((read) => ({ read, update }));
  });
}

function isAlone({ requests }: SessionHistory, put: HistoryRequest): boolean {
  return !requests.some((other) => other !== put && effectEndOf(other) > put.startedAt && overlaps(other, put));
}
