import { combining } from '../../shared/combining-rule.js';
import type { MergeRule, PathRules } from '../../shared/merge-rule.js';
import { isPlainObject, type PlainObject } from '../../shared/plain-object.js';
import { RulesByPath, ThreeWayMerge } from '../three-way.js';
import { listsOf, unlessDeleted } from './list.js';

/**
 * A list of objects with an identity, such as a cart. Additions, removals and changed fields of both sides survive. Their items
 * come first. An item that one side removed stays removed, whatever the other side changed in it. If both sides changed a field,
 * its rule decides; without a rule, the last commit wins.
 *
 * | base | theirs | mine | result |
 * | --- | --- | --- | --- |
 * | a | a b | a c | a b c |
 * | a b | b | a b c | b c |
 * | a{n:1,m:1} | a{n:2,m:1} | a{n:1,m:2} | a{n:2,m:2} |
 * | a{n:1} | a{n:2} | a{n:3} | a{n:3}, or with `{ n: counter() }` a{n:4} |
 * | a | a{n:2} | (empty) | (empty) |
 * | a | a b | deleted | b |
 * | a | deleted | deleted | deleted |
 *
 * @param identity the field that identifies an item
 * @param rules rules for the fields, by path
 * @throws TypeError for an item that is no plain object, has no identity, or has the identity of another item in its list
 * @example merge: { cart: unionBy('sku', { quantity: counter() }) }
 */
export function unionBy<Item extends object = any>(identity: NoInfer<keyof Item> & string, rules: PathRules = {}): MergeRule<Item[]> {
  const byPath = new RulesByPath(rules);
  const call = `unionBy('${identity}')`;
  return combining(call, (sides) => {
    const lists = listsOf(call, sides);
    const index = (side: keyof typeof lists) => indexBy(identity, side, lists[side]);
    const [base, theirs, mine] = [index('base'), index('theirs'), index('mine')];
    const merge = new ThreeWayMerge(byPath);
    const merged: unknown[] = [];
    for (const [id, item] of theirs) {
      const [old, own] = [base.get(id), mine.get(id)];
      const key = `${sides.key}[${id}]`;
      if (own) merged.push(merge.mergeChange(old ? { key, base: old, theirs: item, mine: own } : { key, theirs: item, mine: own }));
      else if (!old) merged.push(item);
    }
    for (const [id, item] of mine) if (!theirs.has(id) && !base.has(id)) merged.push(item);
    return unlessDeleted(sides, merged.length, merged as Item[]);
  });
}

function indexBy(identity: string, side: string, items: readonly unknown[]): ReadonlyMap<string, PlainObject> {
  const index = new Map<string, PlainObject>();
  for (const [n, item] of items.entries()) {
    if (!isPlainObject(item) || !Object.hasOwn(item, identity)) {
      throw new TypeError(`unionBy('${identity}') merges objects with a field \`${identity}\`, but ${side}[${n}] has none.`);
    }
    const id = identityText(item[identity]);
    if (index.has(id))
      throw new TypeError(
        `unionBy('${identity}') identifies items by \`${identity}\`, but ${side}[${n}] has the same one as an earlier item.`,
      );
    index.set(id, item);
  }
  return index;
}

/** Returns the identity as a text in which 1 and '1' differ. */
function identityText(id: unknown): string {
  if (typeof id === 'string') return JSON.stringify(id);
  if (typeof id === 'number') return String(id);
  if (typeof id === 'bigint') return `${id}n`;
  throw new TypeError(
    `unionBy() identifies items by a string or a number, but an identity is ${id === null ? 'null' : `of type ${typeof id}`}.`,
  );
}
