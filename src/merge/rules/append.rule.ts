import { fingerprints } from '../fingerprint.js';
import { combining } from '../../shared/combining-rule.js';
import type { MergeRule } from '../../shared/merge-rule.js';
import { isSameSmall } from '../same-value.js';
import { listsOf, unlessDeleted } from './list.js';

/**
 * A list that only grows, such as a log. The items that mine has after the base are added at the end of theirs. Deleting the key
 * removes the items that were seen. The order of commits affects only the order of items.
 *
 * | base | theirs | mine | result |
 * | --- | --- | --- | --- |
 * | a | a b | a c | a b c |
 * | absent | a | a | a a |
 * | a | a b | deleted | b |
 * | a | deleted | a b | b |
 * | a | a b | b | an error: mine does not start with the base |
 *
 * @throws TypeError if a side is no array, or mine does not start with the base
 */
export function append<Item = any>(): MergeRule<Item[]> {
  return combining('append()', (sides) => {
    const { base, theirs, mine } = listsOf('append()', sides);
    if ('mine' in sides && !isGrown(base, mine)) {
      throw new TypeError(
        'append() is for a list that only grows, but mine does not start with the base. Use union() or unionBy() if items are removed or changed.',
      );
    }
    const kept = 'mine' in sides || !isGrown(base, theirs) ? theirs : theirs.slice(base.length);
    const merged = [...kept, ...mine.slice(base.length)];
    return unlessDeleted(sides, merged.length, merged as Item[]);
  });
}

function isGrown(base: readonly unknown[], list: readonly unknown[]): boolean {
  const fingerprint = fingerprints();
  return base.every((item, n) => n < list.length && (isSameSmall(item, list[n]) ?? fingerprint(item) === fingerprint(list[n])));
}
