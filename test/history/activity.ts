import { describeRequest, type HistoryRequest, type OperationName } from '../../packages/session-race/src/history/history-request.js';
import type { History } from '../../packages/session-race/src/history/history.js';
import type { SessionHistory } from '../../packages/session-race/src/history/session-history.js';

/** What a history is made of: one in which nothing happens breaks no law. */
export interface Activity {
  readonly requests: number;
  /** How many of each kind were answered as they should be. */
  readonly answered: Readonly<Partial<Record<OperationName, number>>>;
  /** How many keys were set or deleted by requests that were told so. */
  readonly acknowledged: number;
  readonly versions: number;
  /** How many answered changes were committed on a later version than their handler had found. */
  readonly merged: number;
  /** How many requests came too late for their session. */
  readonly gone: number;
  /** Answers that no client should get when no fault is injected, the first few. */
  readonly unexpected: readonly string[];
  /** The longest that a request took, in ms. */
  readonly longest: number;
}

export function activityOf(history: History): Activity {
  const { requests, sessions } = history;
  const right = requests.filter(({ operation, outcome }) => outcome === (operation === 'put unstorable' ? 'failed' : 'ok'));
  const answered = Object.fromEntries(
    [...Map.groupBy(right, ({ operation }) => operation)].map(([operation, all]) => [operation, all.length]),
  );
  const unexpected = requests.filter((request) => request.outcome !== 'gone' && !right.includes(request));
  return {
    requests: requests.length,
    answered,
    acknowledged: history.acknowledged,
    versions: sessions.reduce((sum, { versions }) => sum + versions.length, 0),
    merged: sessions.reduce((sum, session) => sum + session.requests.filter((request) => isMerged(session, request)).length, 0),
    gone: requests.filter(({ outcome }) => outcome === 'gone').length,
    unexpected: unexpected.slice(0, 5).map((request) => `${describeRequest(request)}: ${request.error}`),
    longest: Math.round(Math.max(...requests.map(({ startedAt, endedAt }) => endedAt - startedAt))),
  };
}

function isMerged(session: SessionHistory, request: HistoryRequest): boolean {
  const base = request.seen && session.indicesOf(request.seen);
  const own = session.indexOfPuts(request);
  return request.outcome === 'ok' && base !== undefined && own !== undefined && own > base.last + 1;
}
