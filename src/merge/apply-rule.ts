import type { MergeRule, MergeSides } from './merge-rule.js';

/**
 * Asks a rule.
 *
 * @throws TypeError when it returns a promise, or `undefined` where no side has that value
 */
export function applyRule(rule: MergeRule, sides: MergeSides<unknown>): unknown {
  const merged: unknown = rule(sides);
  refuseThenable(merged, `The rule of \`${pathOf(sides)}\` returned a promise; a rule must return the value itself.`);
  const isKnown = (['base', 'theirs', 'mine'] as const).some((side) => side in sides && sides[side] === undefined);
  if (merged === undefined && !isKnown) throw new TypeError(`The rule of \`${pathOf(sides)}\` returned undefined; a rule must return a value, or DELETED.`);
  return merged;
}

/** Without identities of list items: they are values, and messages tell none. */
function pathOf({ key }: MergeSides<unknown>): string {
  return key.replace(/\[.*\]/, '[…]');
}

/** @throws TypeError for a promise, or what is awaited like one; what it rejects with is nobody's any more */
export function refuseThenable(value: unknown, message: string): void {
  if (typeof value !== 'object' || value === null || typeof (value as { then?: unknown }).then !== 'function') return;
  Promise.resolve(value).catch(() => undefined);
  throw new TypeError(message);
}
