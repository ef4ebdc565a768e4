/** A merge rule returns it to delete the key. */
export const DELETED: unique symbol = Symbol.for('nestjs-smart-session DELETED');

/**
 * The three values of a key that two requests have changed since the base. A value that does not exist yet, or was deleted,
 * is not a property of this object. The values are copies: a rule may change them.
 */
export interface MergeSides<Value = any> {
  /** The key. For a value inside another one, its path, such as `preferences.theme`. */
  readonly key: string;
  /** The value that this request loaded. */
  readonly base?: Value;
  /** The value that is stored now: another request committed it. */
  readonly theirs?: Value;
  /** The value that this request wants to store. */
  readonly mine?: Value;
}

/**
 * Combines two changes of the same key: that of this request and that of another one. It must be a pure function, because it
 * may run more than once. A commit uses one of its results.
 *
 * @example
 * // the larger of both
 * ({ theirs = 0, mine = 0 }) => Math.max(theirs, mine)
 * // mine, even if that is a deletion
 * ({ mine = DELETED }) => mine
 */
export type MergeRule<Value = any> = (sides: MergeSides<Value>) => Value | typeof DELETED;

/** Rules inside a value, by path. A path is names joined by dots; `*` matches any name. The first path that matches is used. */
export type PathRules = Readonly<Record<string, MergeRule>>;
