import { DELETED, type MergeRule } from '../../shared/merge-rule.js';

/**
 * The commit that lands last wins the key. What a key without a rule does.
 *
 * | base | theirs | mine | result |
 * | --- | --- | --- | --- |
 * | any | any | `'b'` | `'b'` |
 * | any | any | deleted | deleted |
 */
export function lastWins<Value = any>(): MergeRule<Value> {
  return (sides) => ('mine' in sides ? (sides.mine as Value) : DELETED);
}
