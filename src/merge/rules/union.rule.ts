import { fingerprints } from '../fingerprint.js';
import { combining } from '../../shared/combining-rule.js';
import type { MergeRule } from '../../shared/merge-rule.js';
import { listsOf, unlessDeleted } from './list.js';

/**
 * A set of values, as an array or a Set. Additions and removals of both sides survive, and equal values are kept once. Their
 * values come first. The order of commits affects only the order of values.
 *
 * | base | theirs | mine | result |
 * | --- | --- | --- | --- |
 * | a | a b | a c | a b c |
 * | a b | b | a b c | b c |
 * | absent | a | a b | a b |
 * | a | a b | deleted | b |
 * | a | deleted | deleted | deleted |
 *
 * @throws TypeError if a side is neither an array nor a Set
 */
export function union<Value extends readonly unknown[] | ReadonlySet<unknown> = any>(): MergeRule<Value> {
  return combining('union()', (sides) => {
    const lists = listsOf('union()', sides, isCollection);
    const fingerprint = fingerprints();
    const index = (values: readonly unknown[]) => new Map(values.map((value) => [fingerprint(value), value]));
    const [base, theirs, mine] = [index(lists.base), index(lists.theirs), index(lists.mine)];
    const kept = [...theirs].filter(([text]) => mine.has(text) || !base.has(text));
    const added = [...mine].filter(([text]) => !theirs.has(text) && !base.has(text));
    const merged = [...kept, ...added].map(([, value]) => value);
    const isSet = (sides.mine ?? sides.theirs) instanceof Set;
    return unlessDeleted(sides, merged.length, (isSet ? new Set(merged) : merged) as unknown as Value);
  });
}

function isCollection(value: unknown): value is Iterable<unknown> {
  return Array.isArray(value) || value instanceof Set;
}
