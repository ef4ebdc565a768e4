/** A session's data: each top-level key with its canonical serialized value. */
export interface EncodedValues {
  /** Returns the text of a key, or undefined if there is no such key. */
  get(key: string): string | undefined;
  has(key: string): boolean;
  keys(): Iterable<string>;
  /**
   * Returns a text of the value that is at hand without encoding it. Equal texts stand for equal values, and different texts may do
   * so too.
   */
  textAtHand?(key: string): string | undefined;
}

/** Whether there is no value. */
export function isEmptyValues(values: EncodedValues): boolean {
  for (const _ of values.keys()) return false;
  return true;
}

/** With more changes than this, a new map costs less than looking each key up twice. */
const MOST_CHANGES = 64;

/** Values that differ from others in some keys. The others are shared and are not compared again. */
export class ChangedValues implements EncodedValues {
  private constructor(
    readonly origin: EncodedValues,
    /** The text of each changed key; undefined if the key was deleted. */
    readonly changes: ReadonlyMap<string, string | undefined>,
  ) {}

  /**
   * Returns the values after these changes.
   *
   * @param changes the text of each changed key; undefined deletes the key
   */
  static of(values: EncodedValues, changes: ReadonlyMap<string, string | undefined>): EncodedValues {
    if (changes.size === 0) return values;
    const changed =
      values instanceof ChangedValues
        ? new ChangedValues(values.origin, new Map([...values.changes, ...changes]))
        : new ChangedValues(values, changes);
    return changed.changes.size > MOST_CHANGES ? changed.#apart() : changed;
  }

  get(key: string): string | undefined {
    return this.changes.has(key) ? this.changes.get(key) : this.origin.get(key);
  }

  has(key: string): boolean {
    return this.changes.has(key) ? this.changes.get(key) !== undefined : this.origin.has(key);
  }

  textAtHand(key: string): string | undefined {
    return this.changes.has(key) ? undefined : this.origin.textAtHand?.(key);
  }

  *keys(): Iterable<string> {
    for (const key of this.origin.keys()) if (this.has(key)) yield key;
    for (const key of this.changes.keys()) if (this.has(key) && !this.origin.has(key)) yield key;
  }

  #apart(): EncodedValues {
    const values = new Map<string, string>();
    for (const key of this.keys()) values.set(key, this.get(key)!);
    return values;
  }
}

/** Returns the keys whose texts differ. If both sides derive from the same values, only the changes are compared. */
export function differingKeys(left: EncodedValues, right: EncodedValues): string[] {
  if (left === right) return [];
  const [ofLeft, ofRight] = originOf(left) === originOf(right) ? [changesOf(left), changesOf(right)] : [left, right];
  const keys: string[] = [];
  for (const key of ofLeft.keys()) if (isDifferent(left, right, key)) keys.push(key);
  for (const key of ofRight.keys()) if (!ofLeft.has(key) && isDifferent(left, right, key)) keys.push(key);
  return keys;
}

function isDifferent(left: EncodedValues, right: EncodedValues, key: string): boolean {
  const text = left.textAtHand?.(key);
  return (text === undefined || text !== right.textAtHand?.(key)) && left.get(key) !== right.get(key);
}

function originOf(values: EncodedValues): EncodedValues {
  return values instanceof ChangedValues ? values.origin : values;
}

const NO_CHANGES: ChangedValues['changes'] = new Map();

function changesOf(values: EncodedValues): ChangedValues['changes'] {
  return values instanceof ChangedValues ? values.changes : NO_CHANGES;
}
