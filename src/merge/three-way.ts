import { applyRule } from './apply-rule.js';
import { fingerprints, type Fingerprint } from './fingerprint.js';
import { DELETED, type MergeRule, type MergeSides, type PathRules } from '../shared/merge-rule.js';
import { isPlainObject, type PlainObject } from '../shared/plain-object.js';
import { isSameSmall } from './same-value.js';

/** The rules inside a value, indexed by path. */
export class RulesByPath {
  readonly #patterns: readonly (readonly [pattern: readonly string[], rule: MergeRule])[];

  constructor(rules: PathRules) {
    this.#patterns = Object.entries(rules).map(([pattern, rule]) => [pattern.split('.'), rule] as const);
  }

  /** Returns the rule of a path, or undefined if there is none. */
  at(path: readonly string[]): MergeRule | undefined {
    return this.#patterns.find(([pattern]) => fits(pattern, path))?.[1];
  }

  /** Whether there may be a rule at or below a path. */
  reach(path: readonly string[]): boolean {
    return this.#patterns.some(([pattern]) => pattern.length >= path.length);
  }
}

const NOTHING: PlainObject = {};

/** A merge of plain objects and the values inside them. */
export class ThreeWayMerge {
  readonly #fingerprint: Fingerprint = fingerprints();
  /** The objects that were merged already. An object that occurs several times is merged once and stays a single object. */
  readonly #merged = new Map<string, PlainObject>();

  constructor(private readonly rules: RulesByPath) {}

  /**
   * Merges a value that both sides have changed. The rule of its path decides. Without a rule, plain objects are merged name by
   * name, and of other values mine is taken.
   *
   * @param path the path of the value; empty for the value that is merged
   */
  mergeValue(sides: MergeSides<unknown>, path: readonly string[] = []): unknown {
    const rule = path.length > 0 ? this.rules.at(path) : undefined;
    if (rule) return applyRule(rule, sides);
    const { key, base, theirs, mine } = sides;
    if (isPlainObject(theirs) && isPlainObject(mine)) {
      return this.#mergeObjects({ key, base: isPlainObject(base) ? base : NOTHING, theirs, mine }, path);
    }
    return sideOf(sides, 'mine');
  }

  /** Takes the side that has changed the value, and merges if both have. */
  mergeChange(sides: MergeSides<unknown>, path: readonly string[] = []): unknown {
    if (this.#isSame(sides, 'base', 'mine')) return sideOf(sides, 'theirs');
    if (this.#isSame(sides, 'base', 'theirs')) return sideOf(sides, 'mine');
    return this.mergeValue(sides, path);
  }

  #mergeObjects(sides: Required<MergeSides<PlainObject>>, path: readonly string[]): PlainObject {
    if (this.rules.reach(path)) return this.#mergeNames(sides, path);
    const id = [sides.base, sides.theirs, sides.mine].map(this.#fingerprint).join();
    const merged = this.#merged.get(id) ?? this.#mergeNames(sides, path);
    this.#merged.set(id, merged);
    return merged;
  }

  #mergeNames({ key, base, theirs, mine }: Required<MergeSides<PlainObject>>, path: readonly string[]): PlainObject {
    const merged: [string, unknown][] = [];
    for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
      const sides = {
        key: `${key}.${name}`,
        ...valueAt('base', base, name),
        ...valueAt('theirs', theirs, name),
        ...valueAt('mine', mine, name),
      };
      const value = this.mergeChange(sides, [...path, name]);
      if (value !== DELETED) merged.push([name, value]);
    }
    // Makes every name an own property, so that `__proto__` does not reach a prototype.
    return Object.fromEntries(merged);
  }

  #isSame(sides: MergeSides<unknown>, left: Side, right: Side): boolean {
    return (
      left in sides === right in sides &&
      (isSameSmall(sides[left], sides[right]) ?? this.#fingerprint(sides[left]) === this.#fingerprint(sides[right]))
    );
  }
}

type Side = 'base' | 'theirs' | 'mine';

function sideOf(sides: MergeSides<unknown>, side: Side): unknown {
  return side in sides ? sides[side] : DELETED;
}

function valueAt(side: Side, object: PlainObject, name: string): MergeSides<unknown> | object {
  return Object.hasOwn(object, name) ? { [side]: object[name] } : {};
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((name, n) => name === '*' || name === path[n]);
}
