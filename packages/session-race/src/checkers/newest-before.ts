/** Something that is known from a moment on: that a session has reached a version. */
export interface Reached {
  readonly at: number;
  readonly index: number;
  readonly what: string;
}

/** Tells of the newest version that was reached before a moment. */
export function newestBefore(reached: readonly Reached[]): (moment: number) => Reached | undefined {
  const byTime = reached.toSorted((a, b) => a.at - b.at);
  const newest: Reached[] = [];
  for (const one of byTime) {
    const last = newest.at(-1);
    newest.push(last && last.index >= one.index ? last : one);
  }
  return (moment) => {
    let [low, high] = [0, byTime.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byTime[middle]!.at < moment) low = middle + 1;
      else high = middle;
    }
    return newest[low - 1];
  };
}
