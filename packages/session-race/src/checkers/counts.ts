import { describeRequest, type HistoryRequest, type Values } from '../history/history-request.js';
import type { History } from '../history/history.js';
import type { SessionHistory } from '../history/session-history.js';

/** Requests that saw a count lower than the increments that had been acknowledged before they began. */
export function findCountsBelow(history: History): string[] {
  return history
    .reads()
    .filter(([request, session]) => countOf(request.seen) < least(session, request.startedAt))
    .map(([request, session]) => {
      return `count: ${describeRequest(request)} saw ${countOf(request.seen)} after ${least(session, request.startedAt)} increments`;
    });
}

/** Requests that saw a count higher than the increments that had begun by their end. */
export function findCountsAbove(history: History): string[] {
  return history
    .reads()
    .filter(([request, session]) => countOf(request.seen) > most(session, request.endedAt))
    .map(([request, session]) => {
      return `count: ${describeRequest(request)} saw ${countOf(request.seen)} of at most ${most(session, request.endedAt)} increments`;
    });
}

const countOf = ({ count = 0 }: Values) => Number(count);

function least(session: SessionHistory, moment: number): number {
  return incrementsOf(session).filter(({ outcome, endedAt }) => outcome === 'ok' && endedAt < moment).length;
}

function most(session: SessionHistory, moment: number): number {
  return incrementsOf(session).filter(({ outcome, startedAt }) => outcome !== 'failed' && outcome !== 'gone' && startedAt < moment).length;
}

function incrementsOf({ requests }: SessionHistory): HistoryRequest[] {
  return requests.filter(({ operation }) => operation === 'increment');
}
