import { DELETED, type MergeRule, type MergeSides } from '../../shared/merge-rule.js';

type Count = number | bigint;

/**
 * Adds both differences. An absent counter counts as 0. Independent of the order of commits, exactly so
 * for whole numbers up to 2^53.
 *
 * | base | theirs | mine | result |
 * | --- | --- | --- | --- |
 * | 5 | 6 | 7 | 8 |
 * | absent | 1 | 1 | 2 |
 * | 5 | 6 | deleted | 1: deleting takes away the 5 that were seen |
 * | 5 | deleted | 6 | 1 |
 * | 5 | deleted | deleted | deleted |
 *
 * @throws TypeError for what is no finite number, or a number beside a bigint
 */
export function counter<Value extends Count = number>(): MergeRule<Value> {
  return (sides) => {
    if (!('theirs' in sides) && !('mine' in sides)) return DELETED;
    const [base, theirs, mine] = [count(sides, 'base'), count(sides, 'theirs'), count(sides, 'mine')];
    const isBig = [base, theirs, mine].some((value) => typeof value === 'bigint');
    return (isBig ? big(theirs) + (big(mine) - big(base)) : sum(Number(theirs), Number(mine) - Number(base))) as Value;
  };
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

/** An absent counter is the number 0, which goes with any. */
function big(value: Count): bigint {
  if (typeof value === 'bigint' || value === 0) return BigInt(value);
  throw new TypeError('counter() adds numbers or bigints, not both; a side is a number, and another a bigint.');
}
