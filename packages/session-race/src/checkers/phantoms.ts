import { describeRequest, type HistoryRequest, type Values } from '../history/history-request.js';
import type { History } from '../history/history.js';
import { canonical, type SessionHistory } from '../history/session-history.js';

/**
 * NoPhantom: what is stored was put by a request that was not told of its failure, what is seen was stored, and
 * the version moves only when something changes.
 */
export function findPhantoms(history: History): string[] {
  const put = new Map(
    history.requests.flatMap((request) => Object.entries(request.puts).map(([key, value]) => [`${key}=${value}`, request] as const)),
  );
  return [...history.sessions.flatMap((session) => [...unknownValues(session, put), ...emptyVersions(session)]), ...neverStored(history)];
}

function unknownValues({ key, versions }: SessionHistory, put: ReadonlyMap<string, HistoryRequest>): string[] {
  const texts = new Set(
    versions.flatMap(({ values = {} }) =>
      Object.entries(values)
        .filter(([name]) => name !== 'count')
        .map(([name, value]) => `${name}=${value}`),
    ),
  );
  return [...texts].flatMap((text) => {
    const request = put.get(text);
    if (!request) return [`session ${key} held ${text}, which nobody has put`];
    return request.outcome === 'failed' ? [`session ${key} held ${text}, of ${describeRequest(request)}`] : [];
  });
}

function emptyVersions({ key, versions }: SessionHistory): string[] {
  const isEmpty = (n: number) => n > 0 && versions[n]!.number !== undefined && isSame(versions[n]!.values, versions[n - 1]!.values);
  return [...versions.keys()]
    .filter(isEmpty)
    .map((n) => `session ${key} went from version ${versions[n - 1]!.number} to ${versions[n]!.number}, and nothing has changed`);
}

function isSame(a: Values | undefined, b: Values | undefined): boolean {
  return a !== undefined && b !== undefined && canonical(a) === canonical(b);
}

function neverStored(history: History): string[] {
  return history
    .reads()
    .filter(([request, session]) => !session.indicesOf(request.seen))
    .map(([request]) => {
      return `${describeRequest(request)} saw what was never stored: ${JSON.stringify(request.seen)}`;
    });
}
