/**
 * Returns the value below which this share of the values lies, by the nearest-rank method.
 *
 * @param sorted ascending values
 * @param share between 0 and 1
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.max(0, rank - 1)]!;
}
