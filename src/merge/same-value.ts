import { isUsualObject } from './usual-object.js';

/** The number of members that a comparison reads before it stops. Larger values are compared by their fingerprints, which are kept. */
const MOST_MEMBERS = 100;

/**
 * Whether two small values of arrays, plain objects and primitives are equal. It agrees with their fingerprints and is faster,
 * which matters for the items of a long list.
 *
 * @returns undefined if only fingerprints can tell
 */
export function isSameSmall(left: unknown, right: unknown): boolean | undefined {
  return compare(left, right, { left: MOST_MEMBERS });
}

function compare(left: unknown, right: unknown, budget: { left: number }): boolean | undefined {
  if (isPrimitive(left) && isPrimitive(right)) return Object.is(left, right);
  if (!isUsual(left) || !isUsual(right)) return undefined;
  const isList = Array.isArray(left);
  if (isList !== Array.isArray(right) || (isList && left.length !== (right as unknown[]).length)) return false;
  return compareMembers(left as Members, right as Members, budget);
}

type Members = Readonly<Record<string, unknown>>;

function compareMembers(left: Members, right: Members, budget: { left: number }): boolean | undefined {
  const names = Object.keys(left);
  budget.left -= names.length;
  if (budget.left < 0) return undefined;
  if (names.length !== Object.keys(right).length) return false;
  for (const name of names) {
    const isSame = Object.hasOwn(right, name) ? compare(left[name], right[name], budget) : false;
    if (isSame !== true) return isSame;
  }
  return true;
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function');
}

function isUsual(value: unknown): boolean {
  return !isPrimitive(value) && isUsualObject(value as object);
}
