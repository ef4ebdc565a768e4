import { isPlainObject } from '../shared/plain-object.js';

/**
 * Returns the merge rule that suits the values of a key, as code. It looks only at their types.
 *
 * @param values the values of the two sides; undefined for a key that is absent
 */
export function ruleFor(values: readonly unknown[]): string {
  const present = values.filter((value) => value !== undefined);
  if (present.length === 0) return 'lastWins()';
  if (present.every((value) => typeof value === 'number')) return 'counter()';
  if (present.every((value) => Array.isArray(value))) return 'union()';
  return present.every(isPlainObject) ? 'deep()' : 'lastWins()';
}
