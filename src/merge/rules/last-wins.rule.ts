import { DELETED, type MergeRule } from '../../shared/merge-rule.js';

/**
 * The last commit decides the key. This is the default for a key without a rule.
 *
 * | base | theirs | mine | result |
 * | --- | --- | --- | --- |
 * | any | any | `'b'` | `'b'` |
 * | any | any | deleted | deleted |
 */
export function lastWins<Value = any>(): MergeRule<Value> {
  return (sides) => ('mine' in sides ? (sides.mine as Value) : DELETED);
}
