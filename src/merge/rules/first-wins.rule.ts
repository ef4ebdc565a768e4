import { DELETED, type MergeRule } from '../../shared/merge-rule.js';

/**
 * The first commit decides the key. Use it for a value that is created only once, such as a CSRF secret.
 *
 * | base | theirs | mine | result |
 * | --- | --- | --- | --- |
 * | any | `'a'` | any | `'a'` |
 * | any | deleted | any | deleted |
 */
export function firstWins<Value = any>(): MergeRule<Value> {
  return (sides) => ('theirs' in sides ? (sides.theirs as Value) : DELETED);
}
