import { combining } from '../../shared/combining-rule.js';
import { DELETED, type MergeRule, type MergeSides } from '../../shared/merge-rule.js';

type Count = number | bigint;

/**
 * Adds the differences of both sides. An absent counter counts as 0. The result does not depend on the order of commits. This is
 * exact for whole numbers up to 2^53.
 *
 * | base | theirs | mine | result |
 * | --- | --- | --- | --- |
 * | 5 | 6 | 7 | 8 |
 * | absent | 1 | 1 | 2 |
 * | 5 | 6 | deleted | 1: deleting takes away the 5 that were seen |
 * | 5 | deleted | 6 | 1 |
 * | 5 | deleted | deleted | deleted |
 *
 * @throws TypeError for a value that is no finite number, and for a mix of numbers and bigints
 */
export function counter<Value extends Count = number>(): MergeRule<Value> {
  return combining('counter()', (sides) => {
    if (!('theirs' in sides) && !('mine' in sides)) return DELETED;
    const [base, theirs, mine] = [count(sides, 'base'), count(sides, 'theirs'), count(sides, 'mine')];
    const isBig = [base, theirs, mine].some((value) => typeof value === 'bigint');
    return (isBig ? big(theirs) + (big(mine) - big(base)) : sum(Number(theirs), Number(mine) - Number(base))) as Value;
  });
}

function count(sides: MergeSides<unknown>, side: 'base' | 'theirs' | 'mine'): Count {
  const value = side in sides ? sides[side] : 0;
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return value;
  throw new TypeError(
    `counter() adds finite numbers; ${side} is ${typeof value === 'number' || value === null ? value : `of type ${typeof value}`}.`,
  );
}

function sum(start: number, difference: number): number {
  const result = start + difference;
  if (!Number.isFinite(result)) throw new TypeError(`counter() adds finite numbers; the sum is ${result}.`);
  return result;
}

/** Returns the counter as a bigint. An absent counter is the number 0, which fits both types. */
function big(value: Count): bigint {
  if (typeof value === 'bigint' || value === 0) return BigInt(value);
  throw new TypeError('counter() adds numbers or bigints, not both. One side is a number, another is a bigint.');
}
