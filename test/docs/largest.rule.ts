import { DELETED, type MergeRule, type MergeSides } from '../../src/shared/merge-rule.js';

/**
 * Keeps the larger number, such as a high score. A side that deleted the key is ignored, unless both sides deleted it.
 * The order of the commits does not matter.
 *
 * @throws TypeError if a side is no number
 */
export function largest(): MergeRule<number> {
  return (sides) => {
    const numbers = (['theirs', 'mine'] as const).filter((side) => side in sides).map((side) => numberOf(sides, side));
    return numbers.length === 0 ? DELETED : Math.max(...numbers);
  };
}

function numberOf(sides: MergeSides<unknown>, side: 'theirs' | 'mine'): number {
  const value = sides[side];
  if (typeof value === 'number') return value;
  throw new TypeError(`largest() compares numbers; ${side} is of type ${typeof value}.`);
}
