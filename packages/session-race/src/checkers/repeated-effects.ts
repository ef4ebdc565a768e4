import type { History } from '../history/history.js';
import type { SessionHistory } from '../history/session-history.js';
import { findCountsAbove } from './counts.js';
import { groupBy } from '../shared/group-by.js';

/** AtMostOnce: no commit writes two versions, no value is set twice, and nothing is counted twice. */
export function findRepeatedEffects(history: History): string[] {
  return [...history.sessions.flatMap((session) => [...repeatedCommits(session), ...repeatedValues(session)]), ...findCountsAbove(history)];
}

function repeatedCommits({ key, versions }: SessionHistory): string[] {
  const written = versions.filter(({ commitId }) => commitId !== undefined);
  const byCommit = groupBy(written, ({ commitId }) => commitId);
  return [...byCommit]
    .filter(([, all]) => all.length > 1)
    .map(([commitId, all]) => {
      return `session ${key}: commit ${commitId} wrote versions ${all.map(({ number }) => number).join(' and ')}`;
    });
}

function repeatedValues(session: SessionHistory): string[] {
  return session.versions.flatMap(({ values = {} }, index) => {
    const before = session.versions[index - 1]?.values;
    // A row that was deleted, and is back, is another matter.
    const isAgain = ([key, value]: [string, string | number]) =>
      before && key !== 'count' && before[key] !== value && session.indexOfPut(key, value)! < index;
    return Object.entries(values)
      .filter(isAgain)
      .map(([key, value]) => `session ${session.key}: ${key} was set to ${value} again in version ${index}`);
  });
}
