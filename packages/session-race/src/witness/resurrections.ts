import type { HistoryRequest } from '../history/history-request.js';
import type { SessionHistory } from '../history/session-history.js';
import type { Breach } from './breach.js';
import { lastWithEachCookie } from './updates.js';

/**
 * Sessions that are found after their end was acknowledged: the last read at some place, with some cookie, has a value that was acknowledged before the
 * end was asked for. A value that was set at the same time as the end, or later, may be a new session's.
 */
export function findResurrected(session: SessionHistory): Breach[] {
  const last = lastWithEachCookie(session.requests.filter(isRead));
  const first = readsAfterEnd(session).find(({ read }) => last.includes(read));
  return first ? [{ ...breachOf(session, first), kind: 'resurrected', text: 'The session was ended, and it is back.' }] : [];
}

/** Sessions that were found after their end for a while only. */
export function findLateEnds(session: SessionHistory): Breach[] {
  const [first] = readsAfterEnd(session);
  if (!first || findResurrected(session).length > 0) return [];
  return [{ ...breachOf(session, first), kind: 'stale', text: 'The session was ended, and a read still found it.' }];
}

interface Found {
  readonly read: HistoryRequest;
  readonly end: HistoryRequest;
  readonly key: string;
}

function readsAfterEnd(session: SessionHistory): Found[] {
  const [end] = session.endings.filter(({ outcome }) => outcome === 'ok').toSorted((a, b) => a.endedAt - b.endedAt);
  if (!end) return [];
  const before = session.requests
    .filter(({ outcome, endedAt }) => outcome === 'ok' && endedAt < end.startedAt)
    .flatMap(({ puts }) => Object.entries(puts));
  return session.requests
    .filter((request) => isRead(request) && request.startedAt > end.endedAt)
    .flatMap((read) => {
      const [key] = before.find(([name, value]) => read.seen?.[name] === value) ?? [];
      return key === undefined ? [] : [{ read, end, key }];
    });
}

function breachOf(session: SessionHistory, { read, end, key }: Found): Omit<Breach, 'kind' | 'text'> {
  const atTheSameTime = session.requests.filter(
    ({ puts, startedAt, endedAt }) => Object.keys(puts).length > 0 && startedAt < end.endedAt && endedAt > end.startedAt,
  );
  const suspect = atTheSameTime.find(({ puts }) => Object.keys(puts).some((name) => name in read.seen!)) ?? atTheSameTime.at(-1);
  return { session: session.key, key, victim: end, proof: read, ...(suspect ? { suspect } : {}) };
}

function isRead({ seen }: HistoryRequest): boolean {
  return seen !== undefined;
}
