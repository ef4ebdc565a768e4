import { CHECKERS } from '../../packages/session-race/src/checkers/index.js';
import { findCountsBelow } from '../../packages/session-race/src/checkers/counts.js';
import { describeLostSession, findLostChanges, findLostSessions } from '../../packages/session-race/src/checkers/lost-updates.js';
import { findReadsAfterEnd, findRowsAfterEnd } from '../../packages/session-race/src/checkers/resurrections.js';
import type { HistoryRequest } from '../../packages/session-race/src/history/history-request.js';
import type { History } from '../../packages/session-race/src/history/history.js';
import type { SessionHistory } from '../../packages/session-race/src/history/session-history.js';

const { 'stale reads': findStaleReads, 'reads going back': findReadsGoingBack } = CHECKERS;

/**
 * What the nine checkers find, sorted by whether it lasts: a member that lags shows an older state for a moment, which is stale. What
 * is wrong on the settled cluster too is lost.
 */
export const FINDINGS = {
  lost: (history) => [
    ...findLostChanges(history),
    ...findLostSessions(history)
      .filter((request) => isMissing(history, request))
      .map(describeLostSession),
    ...history.sessions.flatMap(findLostCount),
  ],
  stale: (history) => [
    ...findStaleReads(history),
    ...findReadsGoingBack(history),
    ...findCountsBelow(history),
    ...findReadsAfterEnd(history),
    ...findLostSessions(history)
      .filter((request) => !isMissing(history, request))
      .map(describeLostSession),
  ],
  resurrections: findRowsAfterEnd,
  'foreign data': CHECKERS['foreign data'],
  'fractured deltas': CHECKERS['fractured deltas'],
  phantoms: CHECKERS.phantoms,
  'repeated effects': (history) => [...CHECKERS['repeated effects'](history), ...findForks(history)],
  'unbounded outcomes': CHECKERS['unbounded outcomes'],
} as const satisfies Record<string, (history: History) => string[]>;

export type Finding = keyof typeof FINDINGS;

export function findingsOf(history: History): Record<Finding, string[]> {
  return Object.fromEntries(Object.entries(FINDINGS).map(([name, find]) => [name, find(history)])) as Record<Finding, string[]>;
}

/** Whether a session that a request did not find is not in the database either, and no request has ended it. */
function isMissing({ sessions }: History, { key }: HistoryRequest): boolean {
  const session = sessions.find((one) => one.key === key);
  return !session || session.versions.length === 0 || (!session.final && session.endings.length === 0);
}

function findLostCount({ key, requests, final }: SessionHistory): string[] {
  const counted = requests.filter(({ operation, outcome }) => operation === 'increment' && outcome === 'ok').length;
  const count = Number(final?.count ?? 0);
  return final && count < counted ? [`session ${key} has counted ${count} of ${counted} increments`] : [];
}

/** Versions of one number that different commits wrote: each on its own side of a split cluster. */
function findForks({ sessions }: History): string[] {
  return sessions.flatMap(({ key, versions }) => {
    const written = versions.filter(({ values }) => values);
    const byNumber = Map.groupBy(written, ({ number }) => number);
    return [...byNumber]
      .filter(([, all]) => new Set(all.map(({ commitId }) => commitId)).size > 1)
      .map(([number]) => `session ${key} has version ${number} more than once`);
  });
}
