/** The median, minimum and maximum of several values. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws Error if there are no values */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new Error('No values were given, so there is no median.');
  const middle = (sorted.length - 1) / 2;
  return { median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2, min, max };
}

/** The values of a figure by round. */
export type ByRound = ReadonlyMap<number, number>;

/** Returns the ratios of two stores, each within one round; undefined if no round has both. */
export function ratioOf(ours: ByRound, theirs: ByRound): Spread | undefined {
  const ratios = [...ours].flatMap(([round, value]) => {
    const other = theirs.get(round);
    return other ? [value / other] : [];
  });
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}
