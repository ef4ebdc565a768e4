import { DELETED, type MergeRule } from '../../shared/merge-rule.js';

/**
 * The commit that landed first keeps the key: for what may be made once, such as a CSRF secret.
 *
 * | base | theirs | mine | result |
 * | --- | --- | --- | --- |
 * | any | `'a'` | any | `'a'` |
 * | any | deleted | any | deleted |
 */
export function firstWins<Value = any>(): MergeRule<Value> {
  return (sides) => ('theirs' in sides ? (sides.theirs as Value) : DELETED);
}
