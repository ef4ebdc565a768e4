import { describeRequest, type Values } from '../history/history-request.js';
import type { History } from '../history/history.js';

/** The pairs of keys that are always put together, with one value. */
export const PAIRS = ['left', 'right'] as const;

/** WholeDelta: what one request has set together is seen together, in every version and by every request. */
export function findFracturedDeltas(history: History): string[] {
  const stored = history.sessions.flatMap(({ key, versions }) => {
    return versions
      .filter(({ values }) => values && isFractured(values))
      .map(({ values }) => `session ${key} held ${JSON.stringify(values)}`);
  });
  const read = history.requests.filter(({ seen }) => seen && isFractured(seen));
  return [...stored, ...read.map((request) => `${describeRequest(request)} saw ${JSON.stringify(request.seen)}`)];
}

function isFractured({ [PAIRS[0]]: left, [PAIRS[1]]: right }: Values): boolean {
  return left !== right;
}
