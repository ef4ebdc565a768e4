import { isDeepStrictEqual } from 'node:util';
import { isPlainObject, type PlainObject } from '../shared/plain-object.js';

/** The three values of a key that two requests have changed. A value is undefined if the key is absent. */
export interface Sides {
  readonly base: unknown;
  readonly theirs: unknown;
  readonly mine: unknown;
}

/** A larger step is rather a time or an id than a count. */
const LARGEST_STEP = 10;

/** Objects that both sides changed are compared down to this level. With the serializer `rich`, a value may have a cycle. */
const DEEPEST = 10;

/**
 * Returns the merge rule that suits a change of both sides, as code. It is `lastWins()` unless another rule keeps both changes whole.
 */
export function ruleFor(sides: Sides): string {
  if (areCounts(sides)) return 'counter()';
  if (areObjectsChangedApart(sides)) return 'deep()';
  return ruleForLists(sides) ?? 'lastWins()';
}

function areCounts({ base, theirs, mine }: Sides): boolean {
  return [theirs, mine].every((side) => {
    const step = Number.isSafeInteger(base) && Number.isSafeInteger(side) ? Math.abs(Number(side) - Number(base)) : Infinity;
    return step <= LARGEST_STEP;
  });
}

/** Whether no name was changed by both sides, at any depth. Otherwise the result could mix two values that belong together. */
function areObjectsChangedApart({ base = {}, theirs, mine }: Sides, level = 1): boolean {
  if (level > DEEPEST || !isPlainObject(base) || !isPlainObject(theirs) || !isPlainObject(mine)) return false;
  return [...new Set([...Object.keys(theirs), ...Object.keys(mine), ...Object.keys(base)])].every((name) => {
    const sides = { base: own(base, name), theirs: own(theirs, name), mine: own(mine, name) };
    if (isDeepStrictEqual(sides.theirs, sides.mine)) return true;
    const isOfOne = isDeepStrictEqual(sides.base, sides.theirs) || isDeepStrictEqual(sides.base, sides.mine);
    return isOfOne || areObjectsChangedApart(sides, level + 1);
  });
}

function own(object: PlainObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function ruleForLists({ base = [], theirs, mine }: Sides): string | undefined {
  if (!Array.isArray(base) || !Array.isArray(theirs) || !Array.isArray(mine)) return undefined;
  const lists: readonly unknown[][] = [base, theirs, mine];
  const items = lists.flat();
  if (items.every(isPlainObject)) return "unionBy('…')";
  if (items.some((item) => typeof item === 'object' && item !== null)) return undefined;
  if (lists.some(hasRepeats)) return startsWith(theirs, base) && startsWith(mine, base) ? 'append()' : undefined;
  return keepsOrder(base, theirs) && keepsOrder(base, mine) ? 'union()' : undefined;
}

function hasRepeats(list: readonly unknown[]): boolean {
  return new Set(list).size < list.length;
}

function startsWith(list: readonly unknown[], start: readonly unknown[]): boolean {
  return isDeepStrictEqual(list.slice(0, start.length), start);
}

/** Whether the values that both lists have are in the same order. A union of sorted lists would lose an order. */
function keepsOrder(base: readonly unknown[], list: readonly unknown[]): boolean {
  const [before, after] = [new Set(base), new Set(list)];
  return isDeepStrictEqual(
    base.filter((value) => after.has(value)),
    list.filter((value) => before.has(value)),
  );
}
