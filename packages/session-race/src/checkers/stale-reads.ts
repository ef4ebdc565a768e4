import { describeRequest, type HistoryRequest } from '../history/history-request.js';
import type { History } from '../history/history.js';
import type { SessionHistory } from '../history/session-history.js';
import { newestBefore } from './newest-before.js';

/**
 * CommitBeforeAnswer: a request that starts after another's answer was received sees what that one has stored,
 * or what was stored later. For one client that is "read your writes"; here it goes for all of them.
 */
export function findStaleReads(history: History): string[] {
  const newest = new Map(history.sessions.map((session) => [session, newestBefore(acknowledged(session))]));
  return history.reads().flatMap(([request, session]) => {
    const index = session.indicesOf(request.seen)?.last;
    const reached = newest.get(session)?.(request.startedAt);
    if (index === undefined || !reached || reached.index <= index) return [];
    return [`${describeRequest(request)} saw version ${index}, after version ${reached.index} was acknowledged: ${reached.what}`];
  });
}

function acknowledged(session: SessionHistory) {
  return session.requests.flatMap((request: HistoryRequest) => {
    const index = request.outcome === 'ok' ? session.indexOfPuts(request) : undefined;
    return index === undefined ? [] : [{ at: request.endedAt, index, what: describeRequest(request) }];
  });
}
