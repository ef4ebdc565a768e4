import { DEEPEST } from './depth.js';
import { isPlainPrototype } from '../shared/plain-object.js';

/**
 * Whether JSON returns a value unchanged. That holds for null, booleans, strings, finite numbers except -0, and dense arrays and
 * plain objects of these. None of them may occur twice or be more than `DEEPEST` levels deep.
 */
export function isJsonValue(value: unknown, seen: Set<object> = new Set(), depth = 0): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || seen.has(value) || depth === DEEPEST) return false;
  seen.add(value);
  const isPlain = Array.isArray(value) ? isPlainArray(value) : isJsonObject(value);
  return isPlain && Object.values(value).every((item) => isJsonValue(item, seen, depth + 1));
}

/**
 * Whether an array has no holes and no other names: it has as many names as items, and the last name is an index. Other names
 * would follow the indices.
 */
function isPlainArray(value: readonly unknown[]): boolean {
  const names = Object.keys(value);
  const isDense = names.length === value.length && (value.length === 0 || names.at(-1) === String(value.length - 1));
  return isDense && Object.getPrototypeOf(value)?.constructor?.name === 'Array' && Object.getOwnPropertySymbols(value).length === 0;
}

function isJsonObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  const isPlain = prototype !== null && isPlainPrototype(prototype) && Object.prototype.toString.call(value) === '[object Object]';
  return isPlain && Object.getOwnPropertySymbols(value).length === 0;
}
