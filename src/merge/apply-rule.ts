import type { MergeRule, MergeSides } from '../shared/merge-rule.js';

/**
 * Applies a rule.
 *
 * @throws TypeError if it returns a promise, or `undefined` although no side has that value
 */
export function applyRule(rule: MergeRule, sides: MergeSides<unknown>): unknown {
  const merged: unknown = rule(sides);
  if (isThenable(merged)) refuseThenable(merged, `The rule of \`${pathOf(sides)}\` returned a promise. Return the value itself.`);
  const isKnown = (['base', 'theirs', 'mine'] as const).some((side) => side in sides && sides[side] === undefined);
  if (merged === undefined && !isKnown)
    throw new TypeError(`The rule of \`${pathOf(sides)}\` returned undefined. Return a value, or DELETED.`);
  return merged;
}

/** Leaves out the identities of list items, because a message must not contain values. */
function pathOf({ key }: MergeSides<unknown>): string {
  const [start, end] = [key.indexOf('['), key.lastIndexOf(']')];
  return start < 0 || end < start ? key : `${key.slice(0, start)}[…]${key.slice(end + 1)}`;
}

/** @throws TypeError for a promise or another thenable, whose later rejection is ignored */
export function refuseThenable(value: unknown, message: string): void {
  if (!isThenable(value)) return;
  Promise.resolve(value).catch(() => undefined);
  throw new TypeError(message);
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
