import { fingerprint } from '../fingerprint.js';
import type { MergeRule, PathRules } from '../merge-rule.js';
import { isPlainObject, type PlainObject } from '../plain-object.js';
import { mergeChange, mergeObjects, ruleFinder, type RuleAt } from '../three-way.js';
import { listsOf, unlessDeleted } from './list.js';

/**
 * A list of objects that have an identity, such as a cart: additions, removals and changed fields of both
 * sides survive. Theirs stand first. An item that one side removed stays removed, whatever the other
 * changed in it. A field that both changed goes by its rule, and without one the last wins.
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
 * @param identity the field that tells one item from another
 * @param rules rules for the fields, by path
 * @throws TypeError for an item that is no plain object, has no identity, or has that of another in its list
 * @example
 * merge: { cart: unionBy('sku', { quantity: counter() }) }
 */
export function unionBy<Item extends object = any>(identity: NoInfer<keyof Item> & string, rules: PathRules = {}): MergeRule<Item[]> {
  const ruleAt = ruleFinder(rules);
  return (sides) => {
    const lists = listsOf(`unionBy('${identity}')`, sides);
    const index = (side: keyof typeof lists) => indexBy(identity, side, lists[side]);
    const [base, theirs, mine] = [index('base'), index('theirs'), index('mine')];
    const merged: PlainObject[] = [];
    for (const [id, item] of theirs) {
      const own = mine.get(id);
      if (own) merged.push(mergeItem(`${sides.key}[${id}]`, base.get(id), item, own, ruleAt));
      else if (!base.has(id)) merged.push(item);
    }
    for (const [id, item] of mine) if (!theirs.has(id) && !base.has(id)) merged.push(item);
    return unlessDeleted(sides, merged.length, merged as Item[]);
  };
}

function mergeItem(key: string, base: PlainObject | undefined, theirs: PlainObject, mine: PlainObject, ruleAt: RuleAt): PlainObject {
  const sides = base ? { key, base, theirs, mine } : { key, theirs, mine };
  return mergeChange(sides, () => mergeObjects({ base: {}, ...sides }, [], ruleAt)) as PlainObject;
}

function indexBy(identity: string, side: string, items: readonly unknown[]): ReadonlyMap<string, PlainObject> {
  const index = new Map<string, PlainObject>();
  for (const [n, item] of items.entries()) {
    if (!isPlainObject(item) || !Object.hasOwn(item, identity)) {
      throw new TypeError(`unionBy('${identity}') merges objects with a field \`${identity}\`; ${side}[${n}] has none.`);
    }
    const id = fingerprint(item[identity]);
    if (index.has(id)) throw new TypeError(`unionBy('${identity}') tells items apart by \`${identity}\`; ${side} has ${id} twice.`);
    index.set(id, item);
  }
  return index;
}
