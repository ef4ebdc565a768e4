/** A session's data: each top-level key with its canonical serialized value. */
export interface EncodedValues {
  /** The text of a key; undefined where there is none. */
  get(key: string): string | undefined;
  has(key: string): boolean;
  keys(): Iterable<string>;
}

/** Whether there is no value. */
export function isEmptyValues(values: EncodedValues): boolean {
  for (const _ of values.keys()) return false;
  return true;
}

/** More changes than this are not kept apart: then a new map costs less than to look a key up twice. */
const MOST_CHANGES = 64;

/** Values that differ from others in some keys: the others are shared, and nobody has to look at them again. */
export class ChangedValues implements EncodedValues {
  private constructor(
    readonly origin: EncodedValues,
    /** The text of each changed key; undefined where there is none any more. */
    readonly changes: ReadonlyMap<string, string | undefined>,
  ) {}

  /**
   * The values that result from changes.
   *
   * @param changes the text of each changed key; undefined for a key that shall go
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

/** The keys whose texts differ. Looks only at what was changed where both come of the same values. */
export function differingKeys(left: EncodedValues, right: EncodedValues): string[] {
  if (left === right) return [];
  const [ofLeft, ofRight] = originOf(left) === originOf(right) ? [changesOf(left), changesOf(right)] : [left, right];
  const keys: string[] = [];
  for (const key of ofLeft.keys()) if (left.get(key) !== right.get(key)) keys.push(key);
  for (const key of ofRight.keys()) if (!ofLeft.has(key) && left.get(key) !== right.get(key)) keys.push(key);
  return keys;
}

function originOf(values: EncodedValues): EncodedValues {
  return values instanceof ChangedValues ? values.origin : values;
}

const NO_CHANGES: ChangedValues['changes'] = new Map();

function changesOf(values: EncodedValues): ChangedValues['changes'] {
  return values instanceof ChangedValues ? values.changes : NO_CHANGES;
}
