import type { HistoryRequest } from '../history/history-request.js';
import type { SessionHistory } from '../history/session-history.js';
import type { Breach } from './breach.js';
import { firmUpdates, lastAtEachPlace, overlaps, readsBeforeEnd, type FirmUpdate } from './updates.js';

/** Acknowledged updates that the last read at every place lacks. */
export function findLost(session: SessionHistory): Breach[] {
  return judged(session).flatMap(({ update, reads }) => {
    const { put, key, value } = update;
    if (reads.some(({ seen }) => seen?.[key] === value)) return [];
    const proof = reads.at(-1)!;
    const suspect = suspectOf(session, update, proof);
    const text = `${key} was set and acknowledged, and is not in the session.`;
    return [{ kind: 'lost' as const, session: session.key, key, victim: put, proof, ...(suspect ? { suspect } : {}), text }];
  });
}

/** How many acknowledged updates were looked for later. */
export function countJudged(session: SessionHistory): number {
  return judged(session).length;
}

/** How many of them ran at the same time as another acknowledged update. */
export function countContended(session: SessionHistory): number {
  return judged(session).filter(({ update: { put } }) => session.requests.some((other) => isRival(other, put))).length;
}

function judged(session: SessionHistory): { readonly update: FirmUpdate; readonly reads: readonly HistoryRequest[] }[] {
  const reads = readsBeforeEnd(session);
  return firmUpdates(session)
    .map((update) => ({ update, reads: lastAtEachPlace(reads.filter(({ startedAt }) => startedAt > update.put.endedAt)) }))
    .filter((one) => one.reads.length > 0);
}

function isRival(other: HistoryRequest, put: HistoryRequest): boolean {
  return other !== put && Object.keys(other.puts).length > 0 && other.outcome !== 'failed' && overlaps(other, put);
}

/** Of the updates at the same time the one that was answered last, first of those that are still there. */
function suspectOf({ requests }: SessionHistory, { put }: FirmUpdate, proof: HistoryRequest): HistoryRequest | undefined {
  const isKept = ({ puts }: HistoryRequest) => Object.entries(puts).some(([key, value]) => proof.seen?.[key] === value);
  const rivals = requests.filter((other) => isRival(other, put)).toSorted((a, b) => b.endedAt - a.endedAt);
  return rivals.find(isKept) ?? rivals[0];
}
