import { describeRequest } from '../history/history-request.js';
import type { History } from '../history/history.js';
import type { SessionHistory } from '../history/session-history.js';

/** NoResurrection: once a session has ended nobody finds it again, and nothing writes its row again. */
export function findResurrections(history: History): string[] {
  return [...findRowsAfterEnd(history), ...findReadsAfterEnd(history)];
}

/** Rows that were written again, or stay, after their session had ended. */
export function findRowsAfterEnd({ sessions }: History): string[] {
  return sessions.flatMap((session) => [...writesAfterDelete(session), ...rowsThatStay(session)]);
}

function writesAfterDelete({ key, versions }: SessionHistory): string[] {
  const end = versions.findIndex(({ values }) => !values);
  const again = end < 0 ? undefined : versions.slice(end).find(({ values }) => values);
  return again ? [`session ${key} was deleted, and written again: ${JSON.stringify(again.values)}`] : [];
}

function rowsThatStay({ key, endedAt, final }: SessionHistory): string[] {
  return endedAt !== undefined && final ? [`session ${key} was ended, and its row is there`] : [];
}

/** Requests that found a session after its end was acknowledged. */
export function findReadsAfterEnd(history: History): string[] {
  return history
    .reads()
    .filter(([{ startedAt }, { endedAt }]) => endedAt !== undefined && endedAt < startedAt)
    .map(([request, { endedAt }]) => {
      return `${describeRequest(request)} found the session that had ended by ${endedAt!.toFixed(2)} ms`;
    });
}
