import type { PeerComparison } from './peer-comparison.js';

/** How sure a loss is: it appears in every round, or only in the median of the rounds. */
export type Loss = 'every round' | 'median';

/** A figure of one of this library's rows that is worse than a peer's. */
export interface LosingRow extends PeerComparison {
  readonly loss: Loss;
}

/** Returns whether this library's figure is worse; undefined if its median is as good or better. */
export function lossOf({ figure, ratio: { median, min, max } }: Pick<PeerComparison, 'figure' | 'ratio'>): Loss | undefined {
  const isLatency = figure === 'p50';
  if (isLatency ? min > 1 : max < 1) return 'every round';
  return (isLatency ? median > 1 : median < 1) ? 'median' : undefined;
}

/** Returns one losing row for each store, scenario and figure, against the peer that beats it most clearly. The greatest loss is first. */
export function findLosingRows(comparisons: readonly PeerComparison[]): LosingRow[] {
  const losing = comparisons.flatMap((comparison) => {
    const loss = lossOf(comparison);
    return loss ? [{ ...comparison, loss }] : [];
  });
  const keys = new Set<string>();
  return losing.toSorted(byLoss).filter(({ ours, scenario, figure }) => {
    const key = `${ours} ${scenario} ${figure}`;
    return !keys.has(key) && keys.add(key);
  });
}

function byLoss(one: LosingRow, other: LosingRow): number {
  if (one.loss !== other.loss) return one.loss === 'every round' ? -1 : 1;
  return factorOf(other) - factorOf(one);
}

/** How many times worse the figure is, more than 1. */
function factorOf({ figure, ratio }: LosingRow): number {
  return figure === 'p50' ? ratio.median : 1 / ratio.median;
}
