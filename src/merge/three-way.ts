import { isSame } from './fingerprint.js';
import { DELETED, type MergeRule, type MergeSides, type PathRules } from './merge-rule.js';
import { isPlainObject, type PlainObject } from './plain-object.js';

/** Finds the rule for a path inside a value; undefined where there is none. */
export type RuleAt = (path: readonly string[]) => MergeRule | undefined;

const NOTHING: PlainObject = {};

/** Reads rules by path. */
export function ruleFinder(rules: PathRules): RuleAt {
  const patterns = Object.entries(rules).map(([pattern, rule]) => [pattern.split('.'), rule] as const);
  return (path) => patterns.find(([pattern]) => fits(pattern, path))?.[1];
}

/**
 * Merges a value that both sides have changed: by the rule of its path, name by name where both are
 * plain objects, and else by taking mine.
 *
 * @param path where the value stands below the key; empty for the key's own value
 */
export function mergeDeep(sides: MergeSides<unknown>, path: readonly string[], ruleAt: RuleAt): unknown {
  const rule = path.length > 0 ? ruleAt(path) : undefined;
  if (rule) return rule(sides);
  const { base, theirs, mine } = sides;
  if (isPlainObject(theirs) && isPlainObject(mine)) {
    return mergeObjects({ key: sides.key, base: isPlainObject(base) ? base : NOTHING, theirs, mine }, path, ruleAt);
  }
  return 'mine' in sides ? mine : DELETED;
}

/** Merges two plain objects name by name: what one side alone has changed stays so, what both have changed is merged deep. */
export function mergeObjects({ key, base, theirs, mine }: Required<MergeSides<PlainObject>>, path: readonly string[], ruleAt: RuleAt): PlainObject {
  const merged: [string, unknown][] = [];
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const sides = { key: `${key}.${name}`, ...valueAt('base', base, name), ...valueAt('theirs', theirs, name), ...valueAt('mine', mine, name) };
    const value = mergeChange(sides, () => mergeDeep(sides, [...path, name], ruleAt));
    if (value !== DELETED) merged.push([name, value]);
  }
  // Makes every name an own property: `__proto__` too reaches no prototype.
  return Object.fromEntries(merged);
}

/** Takes the side that has changed; asks `decide` when both have. */
export function mergeChange(sides: MergeSides<unknown>, decide: () => unknown): unknown {
  if (isSameSide(sides, 'base', 'mine')) return sideOf(sides, 'theirs');
  if (isSameSide(sides, 'base', 'theirs')) return sideOf(sides, 'mine');
  return decide();
}

type Side = 'base' | 'theirs' | 'mine';

function isSameSide(sides: MergeSides<unknown>, left: Side, right: Side): boolean {
  return left in sides === right in sides && isSame(sides[left], sides[right]);
}

function sideOf(sides: MergeSides<unknown>, side: Side): unknown {
  return side in sides ? sides[side] : DELETED;
}

function valueAt(side: Side, object: PlainObject, name: string): MergeSides<unknown> | object {
  return Object.hasOwn(object, name) ? { [side]: object[name] } : {};
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((name, n) => name === '*' || name === path[n]);
}
