import { describeRequest } from '../history/history-request.js';
import type { History } from '../history/history.js';
import { newestBefore } from './newest-before.js';
import { groupBy } from '../shared/group-by.js';

/** CommitBeforeAnswer: whoever reads after another's read was answered sees no older version, at whatever process. */
export function findReadsGoingBack(history: History): string[] {
  const reads = history.reads().flatMap(([request, session]) => {
    const seen = session.indicesOf(request.seen);
    return seen ? [{ request, session, seen }] : [];
  });
  return [...groupBy(reads, ({ session }) => session).values()].flatMap((all) => {
    const newest = newestBefore(
      all.map(({ request, seen }) => ({ at: request.endedAt, index: seen.first, what: describeRequest(request) })),
    );
    return all.flatMap(({ request, seen }) => {
      const reached = newest(request.startedAt);
      if (!reached || reached.index <= seen.last) return [];
      return [`${describeRequest(request)} saw version ${seen.last}, after version ${reached.index} was seen: ${reached.what}`];
    });
  });
}
