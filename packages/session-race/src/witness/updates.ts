import type { HistoryRequest } from '../history/history-request.js';
import type { SessionHistory } from '../history/session-history.js';

/** The moment after which a request has no effect any more. If its outcome is unknown, it may still be under way. */
export function effectEndOf({ outcome, endedAt }: HistoryRequest): number {
  return outcome === 'unknown' || outcome === 'hung' ? Infinity : endedAt;
}

/** Whether one request may have loaded the session before the other stored its change. */
export function overlaps(one: HistoryRequest, other: HistoryRequest): boolean {
  return one.startedAt < effectEndOf(other) && other.startedAt < effectEndOf(one);
}

/** An acknowledged update of one key that must stay. */
export interface FirmUpdate {
  readonly put: HistoryRequest;
  readonly key: string;
  readonly value: string | number;
}

/**
 * The acknowledged updates that no other request may have replaced: each other request that changes the same key was over before. Two
 * requests that set the same key at the same time are no loss, because one of them must win.
 */
export function firmUpdates({ requests }: SessionHistory): FirmUpdate[] {
  const isFirm = (put: HistoryRequest, key: string) =>
    !requests.some((other) => other !== put && changes(other, key) && effectEndOf(other) > put.startedAt);
  return requests
    .filter(({ outcome }) => outcome === 'ok')
    .flatMap((put) => Object.entries(put.puts).map(([key, value]) => ({ put, key, value })))
    .filter(({ put, key }) => isFirm(put, key));
}

/** The reads of a session that came back before anything may have ended it. */
export function readsBeforeEnd(session: SessionHistory): HistoryRequest[] {
  const end = Math.min(Infinity, ...session.endings.map(({ startedAt }) => startedAt));
  return session.requests.filter(({ seen, endedAt }) => seen !== undefined && endedAt < end);
}

/** The last of some reads at each place. */
export function lastAtEachPlace(reads: readonly HistoryRequest[]): HistoryRequest[] {
  return lastOfEach(reads, ({ process }) => String(process));
}

/** The last of some reads at each place with each cookie: the browser may hold another cookie than a copy of before. */
export function lastWithEachCookie(reads: readonly HistoryRequest[]): HistoryRequest[] {
  return lastOfEach(reads, ({ process, cookie }) => `${process} ${cookie}`);
}

function lastOfEach(reads: readonly HistoryRequest[], groupOf: (read: HistoryRequest) => string): HistoryRequest[] {
  const inOrder = reads.toSorted((a, b) => a.startedAt - b.startedAt);
  return [...new Map(inOrder.map((read) => [groupOf(read), read])).values()];
}

function changes({ puts, deletes, outcome }: HistoryRequest, key: string): boolean {
  return outcome !== 'failed' && (key in puts || deletes.includes(key));
}
