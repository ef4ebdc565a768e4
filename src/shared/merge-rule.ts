/** What a merge rule returns to delete the key. */
export const DELETED: unique symbol = Symbol.for('nestjs-smart-session DELETED');

/**
 * The three values of a key that both sides have changed since the base. One that is absent, not there yet
 * or deleted, is no property of this object. All are copies: a rule may change them.
 */
export interface MergeSides<Value = any> {
  /** The key; inside a value its path, such as `preferences.theme`. */
  readonly key: string;
  /** What the request had loaded. */
  readonly base?: Value;
  /** What stands in the record now: others have committed it. */
  readonly theirs?: Value;
  /** What the request wants there. */
  readonly mine?: Value;
}

/**
 * Decides what a key becomes that others and this request have both changed. A pure function: it may
 * run more than once, and one commit uses one of its results.
 *
 * @example
 * // the larger of both
 * ({ theirs = 0, mine = 0 }) => Math.max(theirs, mine)
 * // mine, also where that is a deletion
 * ({ mine = DELETED }) => mine
 */
export type MergeRule<Value = any> = (sides: MergeSides<Value>) => Value | typeof DELETED;

/** Rules inside a value, by path: the names joined by dots, `*` for any name. The first that fits is used. */
export type PathRules = Readonly<Record<string, MergeRule>>;
