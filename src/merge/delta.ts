import { ChangedValues, differingKeys, type EncodedValues } from './encoded-values.js';

/** The changes of one request to its session: the keys it set and the keys it deleted since its base. */
export interface Delta {
  readonly set: ReadonlyMap<string, string>;
  readonly deleted: ReadonlySet<string>;
}

/**
 * Compares a session with its base, key by key, by serialized value. A key that was changed and changed back is not in the delta.
 * A change deep inside a value counts as a change of its key.
 *
 * @param base the values that were loaded; empty for a new session
 * @param mine the values that the session holds now
 * @param isReachable false for a stored key that the session cannot hold (a reserved name): its absence from `mine` is no
 *   deletion
 */
export function computeDelta(base: EncodedValues, mine: EncodedValues, isReachable: (key: string) => boolean = () => true): Delta {
  const set = new Map<string, string>();
  const deleted = new Set<string>();
  for (const key of differingKeys(base, mine)) {
    const value = mine.get(key);
    if (value !== undefined) set.set(key, value);
    else if (isReachable(key)) deleted.add(key);
  }
  return { set, deleted };
}

/** The keys that the delta sets or deletes. */
export function changedKeys({ set, deleted }: Delta): string[] {
  return [...set.keys(), ...deleted];
}

/** Whether the delta changes nothing. */
export function isEmptyDelta(delta: Delta): boolean {
  return delta.set.size === 0 && delta.deleted.size === 0;
}

/** Decides the text of a key that both sides have changed since the base, from the texts of the three sides. Undefined means absent. */
export type MergeKey = (key: string, base: string | undefined, theirs: string | undefined, mine: string | undefined) => string | undefined;

/** Takes the value of mine. */
export const takeMine: MergeKey = (_key, _base, _theirs, mine) => mine;

/**
 * Applies the delta to the current record's values. If the current value of a key differs from the base, another request has
 * changed it too: `mergeKey` decides.
 *
 * @param base the values that the delta was computed against
 */
export function applyDelta(current: EncodedValues, delta: Delta, base: EncodedValues, mergeKey: MergeKey = takeMine): EncodedValues {
  const changes = new Map<string, string | undefined>();
  for (const key of [...delta.deleted, ...delta.set.keys()]) {
    const [theirs, mine] = [current.get(key), delta.set.get(key)];
    changes.set(key, theirs === base.get(key) ? mine : mergeKey(key, base.get(key), theirs, mine));
  }
  return ChangedValues.of(current, changes);
}
