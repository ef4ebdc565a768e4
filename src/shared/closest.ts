/** More mistakes than this make another word, not a misspelt one. */
const MOST_MISTAKES = 2;

/** Returns the word that the given one was probably meant to be; undefined if none is close. */
export function closest(given: string, words: readonly string[]): string | undefined {
  const [best] = words.map((word) => ({ word, mistakes: distance(given, word) })).toSorted((left, right) => left.mistakes - right.mistakes);
  // A short word is not a misspelling of every other short word.
  return best && best.mistakes <= Math.min(MOST_MISTAKES, Math.ceil(given.length / 3)) ? best.word : undefined;
}

/**
 * Returns how many characters must be inserted, deleted, replaced or swapped with their neighbour to turn one word into the other:
 * the optimal string alignment distance.
 */
export function distance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, n) => n);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const replaced = last[column - 1]! + (one[row - 1] === other[column - 1] ? 0 : 1);
      const isSwapped = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      const swapped = isSwapped ? beforeLast[column - 2]! + 1 : Infinity;
      current.push(Math.min(replaced, swapped, last[column]! + 1, current[column - 1]! + 1));
    }
    [beforeLast, last] = [last, current];
  }
  return last[other.length]!;
}
