import { DELETED, type MergeSides } from '../../shared/merge-rule.js';

/** The lists of the three sides. An absent side is an empty list. */
export type Lists = Record<'base' | 'theirs' | 'mine', readonly unknown[]>;

/** @throws TypeError if a side is neither an array nor a Set that the rule accepts */
export function listsOf(
  rule: string,
  sides: MergeSides<unknown>,
  isList: (value: unknown) => value is Iterable<unknown> = Array.isArray,
): Lists {
  const list = (side: keyof Lists) => {
    if (!(side in sides)) return [];
    const value = sides[side];
    if (isList(value)) return [...value];
    throw new TypeError(`${rule} merges lists; ${side} is ${value === null ? 'null' : `a ${typeof value}`}.`);
  };
  return { base: list('base'), theirs: list('theirs'), mine: list('mine') };
}

/** Returns the merged list, or DELETED if it is empty and a side had deleted it. */
export function unlessDeleted<List>(sides: MergeSides<unknown>, size: number, merged: List): List | typeof DELETED {
  return size === 0 && !('theirs' in sides && 'mine' in sides) ? DELETED : merged;
}
