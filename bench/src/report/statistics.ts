/** The middle of several values, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws Error when there are no values */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new Error('Of no values there is no median.');
  const middle = (sorted.length - 1) / 2;
  return { median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2, min, max };
}

/** A value of each round, by round. */
export type ByRound = ReadonlyMap<number, number>;

/** The ratios of two stores, each within one round; undefined when no round has both. */
export function ratioOf(ours: ByRound, theirs: ByRound): Spread | undefined {
  const ratios = [...ours].flatMap(([round, value]) => {
    const other = theirs.get(round);
    return other ? [value / other] : [];
  });
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}
