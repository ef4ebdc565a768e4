import type { Fingerprints } from './fingerprints.js';

/**
 * The keys in which a save undoes a change of another request: the store no longer has the value that this request loaded, and this
 * request saves that value again. An absent key counts as a value. If both requests changed the key, the last write wins, and it is no loss.
 *
 * @param base what the request loaded
 * @param current what the store has now
 * @param next what the request saves
 */
export function overwrittenKeys(base: Fingerprints, current: Fingerprints, next: Fingerprints): string[] {
  return [...new Set([...base.keys(), ...current.keys()])].filter(
    (key) => current.get(key) !== base.get(key) && next.get(key) === base.get(key),
  );
}
