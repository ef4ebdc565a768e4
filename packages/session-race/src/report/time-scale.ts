import type { HistoryLine } from './history-lines.js';

/**
 * Maps moments to places from 0 to 100. A pause of a second would leave nothing of requests that take some ms. So each part between two
 * moments is as wide as the logarithm of its length: the order and what overlaps are right, and lengths are not to scale.
 */
export function timeScale(lines: readonly HistoryLine[]): (moment: number) => number {
  const moments = [...new Set(lines.flatMap(({ from, to }) => [from, to]))].toSorted((a, b) => a - b);
  const ends = [0];
  for (let n = 1; n < moments.length; n++) ends.push(ends[n - 1]! + 1 + Math.log1p(moments[n]! - moments[n - 1]!));
  const places = new Map(moments.map((moment, n) => [moment, (100 * ends[n]!) / (ends.at(-1)! || 1)]));
  return (moment) => places.get(moment) ?? 0;
}
