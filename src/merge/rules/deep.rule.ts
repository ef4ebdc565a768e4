import { combining } from '../../shared/combining-rule.js';
import type { MergeRule, PathRules } from '../../shared/merge-rule.js';
import { RulesByPath, ThreeWayMerge } from '../three-way.js';

/**
 * Merges plain objects name by name, also those inside them. A name that only one side has changed keeps that change. If both
 * have changed it, the rule of its path decides; without a rule, mine wins. Arrays and other values are taken as a whole.
 *
 * | base | theirs | mine | result |
 * | --- | --- | --- | --- |
 * | {a:1,b:1} | {a:2,b:1} | {a:1,b:2} | {a:2,b:2} |
 * | {a:1,b:1} | {b:1} | {a:1,b:1,c:1} | {b:1,c:1} |
 * | {a:1} | {a:2} | {a:3} | {a:3}, or by the rule of `a` |
 * | {a:[1]} | {a:[1,2]} | {a:[1,3]} | {a:[1,3]}, or with `{ a: union() }` {a:[1,2,3]} |
 * | {a:1} | {a:2} | deleted | deleted |
 * | {a:1} | deleted | {a:2} | {a:2} |
 *
 * @param rules rules by path below the key
 * @example merge: { preferences: deep({ 'dashboard.widgets': union(), 'clicks.*': counter() }) }
 */
export function deep<Value = any>(rules: PathRules = {}): MergeRule<Value> {
  const byPath = new RulesByPath(rules);
  return combining('deep()', (sides) => new ThreeWayMerge(byPath).mergeValue(sides) as Value);
}
