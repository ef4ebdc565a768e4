import { describeRequest, type HistoryRequest } from '../history/history-request.js';
import type { History } from '../history/history.js';
import type { SessionHistory } from '../history/session-history.js';
import { findCountsBelow } from './counts.js';

/**
 * NoLostKey: every key that an answered request has set or deleted stays so until another request changes the
 * same key, or the session ends.
 */
export function findLostUpdates(history: History): string[] {
  return [...findLostChanges(history), ...findLostSessions(history).map(describeLostSession), ...findCountsBelow(history)];
}

/** Keys that an acknowledged request has set or deleted, and that the versions of the row do not show so. */
export function findLostChanges(history: History): string[] {
  return history.sessions.flatMap((session) => [...neverApplied(session), ...undone(session)]);
}

/** Acknowledged changes that are in no version. */
function neverApplied(session: SessionHistory): string[] {
  return session.requests
    .filter(({ outcome, endedAt }) => outcome === 'ok' && !session.mayHaveEndedBefore(endedAt))
    .flatMap((request) => {
      const puts = Object.entries(request.puts).filter(
        ([key, value]) => session.indexOfPut(key, value) === undefined && !isHidden(session, request, key),
      );
      const deletes = request.operation === 'forget' ? request.deletes.filter((key) => !vanishes(session, key)) : [];
      return [...puts.map(([key]) => key), ...deletes].map((key) => `${key}: ${describeRequest(request)} is in no version`);
    });
}

/** Whether another request may have changed the key in the very update that applied this one. */
function isHidden({ requests }: SessionHistory, request: HistoryRequest, key: string): boolean {
  return requests.some(
    (other) => other !== request && changes(other, key) && other.startedAt < request.endedAt && request.startedAt < other.endedAt,
  );
}

function vanishes({ versions }: SessionHistory, key: string): boolean {
  return versions.some(({ values }, n) => values && !(key in values) && key in (versions[n - 1]?.values ?? {}));
}

function changes({ puts, deletes }: HistoryRequest, key: string): boolean {
  return key in puts || deletes.includes(key);
}

/** Values that stood in a version, and were then undone by a request that did not touch their key. */
function undone(session: SessionHistory): string[] {
  const byValue = new Map(
    session.requests.flatMap((request) => Object.entries(request.puts).map(([key, value]) => [`${key}=${value}`, request] as const)),
  );
  const lost = new Map<string, string>();
  const vanished = new Map<string, { readonly value: string | number; readonly index: number }[]>();
  const report = (key: string, value: string | number, how: string) => {
    const victim = byValue.get(`${key}=${value}`);
    if (victim?.outcome === 'ok') lost.set(`${key}=${value}`, `${key}: ${describeRequest(victim)} ${how}`);
  };
  for (const [index, { values }] of session.versions.entries()) {
    const before = session.versions[index - 1]?.values;
    if (!values || !before) continue;
    for (const [key, value] of Object.entries(before)) {
      if (key === 'count' || values[key] === value) continue;
      const next = values[key];
      if (next === undefined) vanished.set(key, [...(vanished.get(key) ?? []), { value, index }]);
      else if (session.indexOfPut(key, next)! < index) report(key, value, `was overwritten by an older value in version ${index}`);
    }
    for (const [key, value] of Object.entries(values)) {
      const isBack = key !== 'count' && !(key in before) && session.indexOfPut(key, value)! < index;
      if (isBack) lost.set(`${key} deleted ${index}`, `${key}: was deleted, and is back in version ${index}`);
    }
  }
  for (const [key, all] of vanished) {
    for (const { value, index } of unexplained(session, key, all, byValue)) report(key, value, `vanished in version ${index}`);
  }
  return [...lost.values()];
}

/** Those vanishings of a key that no request explains; each request explains one, of a value that was put before it had ended. */
function unexplained<Vanished extends { readonly value: string | number }>(
  { requests }: SessionHistory,
  key: string,
  vanished: readonly Vanished[],
  byValue: ReadonlyMap<string, HistoryRequest>,
): Vanished[] {
  const putAt = ({ value }: Vanished) => byValue.get(`${key}=${value}`)?.startedAt ?? -Infinity;
  const deletedAt = requests
    .filter(({ outcome, deletes }) => (outcome === 'ok' || outcome === 'unknown' || outcome === 'hung') && deletes.includes(key))
    .map(({ endedAt, outcome }) => (outcome === 'ok' ? endedAt : Infinity))
    .toSorted((a, b) => a - b);
  return vanished
    .toSorted((a, b) => putAt(b) - putAt(a))
    .filter((one) => {
      const isExplained = (deletedAt.at(-1) ?? -Infinity) > putAt(one);
      if (isExplained) deletedAt.pop();
      return !isExplained;
    });
}

/** Requests that found no session, though nobody had ended it. */
export function findLostSessions({ requests, sessions }: History): HistoryRequest[] {
  const byKey = new Map(sessions.map((session) => [session.key, session]));
  return requests.filter(({ outcome, key, endedAt }) => outcome === 'gone' && !byKey.get(key ?? '')?.mayHaveEndedBefore(endedAt));
}

/** Says of one of them what happened. */
export function describeLostSession(request: HistoryRequest): string {
  return `the whole session: ${describeRequest(request)}, and nobody has ended it`;
}
