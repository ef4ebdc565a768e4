import { types } from 'node:util';
import { SessionNotSerializableError } from '../smart-session.errors.js';
import { DEEPEST } from './depth.js';
import { hasToJson } from '../shared/has-to-json.js';
import { isPlainPrototype } from '../shared/plain-object.js';

type Members = Record<string, unknown>;

/**
 * Returns the JSON text of a value with names sorted at every level, so that equal values have equal texts. Returns undefined for
 * `undefined`, which has no JSON text.
 *
 * @param path the path of the value, for errors
 * @throws SessionNotSerializableError for a function, symbol, bigint, promise, cycle or a value whose content JSON loses, and for more than `DEEPEST` levels
 */
export function canonicalJson(value: unknown, path: string): string | undefined {
  return JSON.stringify(isCanonical(value) ? value : canonical(value, path, new Set()));
}

/**
 * Whether `JSON.stringify` gives the canonical text of a value, as it does for values parsed from a canonical text. False may
 * also mean that only `canonicalJson` can tell.
 */
export function isCanonical(value: unknown, depth = 0): boolean {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') return false;
  if (typeof value !== 'object' || value === null) return true;
  if (depth === DEEPEST || hasToJson(value)) return false;
  if (Array.isArray(value)) return value.every((item) => isCanonical(item, depth + 1));
  return isPlainPrototype(Object.getPrototypeOf(value) as object | null) && hasCanonicalMembers(value as Members, depth);
}

function hasCanonicalMembers(value: Members, depth: number): boolean {
  let last = '';
  for (const name of Object.keys(value)) {
    if (last > name || isLikeIndex(name) || !isCanonical(value[name], depth + 1)) return false;
    last = name;
  }
  return true;
}

/** Whether JavaScript sorts the name as an array index. */
function isLikeIndex(name: string): boolean {
  const first = name.charCodeAt(0);
  return first >= 0x30 && first <= 0x39;
}

/** Returns a copy with sorted names that contains JSON values only. `ancestors` detects cycles. */
function canonical(given: unknown, path: string, ancestors: Set<object>): unknown {
  const plain = hasToJson(given) ? given.toJSON(lastName(path)) : given;
  const value: unknown = types.isBoxedPrimitive(plain) ? plain.valueOf() : plain;
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    throw new SessionNotSerializableError(path, `a ${typeof value}`);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (types.isPromise(value)) throw new SessionNotSerializableError(path, 'a promise', AWAIT_IT);
  if (LOSING.some((isOne) => isOne(value))) throw new SessionNotSerializableError(path, withArticle(value));
  if (ancestors.has(value)) throw new SessionNotSerializableError(path, 'a cycle');
  // The whole path would have one name for each level.
  if (ancestors.size === DEEPEST) throw new SessionNotSerializableError(topOf(path), TOO_DEEP, FLATTER);
  ancestors.add(value);
  const copy = Array.isArray(value) ? canonicalArray(value, path, ancestors) : canonicalObject(value as Members, path, ancestors);
  ancestors.delete(value);
  return copy;
}

function canonicalArray(value: readonly unknown[], path: string, ancestors: Set<object>): unknown {
  return value.map((item, index) => canonical(item, `${path}[${index}]`, ancestors));
}

function canonicalObject(value: Members, path: string, ancestors: Set<object>): unknown {
  // With a null prototype, a stored `__proto__` is an ordinary name.
  const copy: Members = Object.create(null);
  for (const name of Object.keys(value).toSorted()) copy[name] = canonical(value[name], `${path}.${name}`, ancestors);
  return copy;
}

/** The built-in values whose JSON text is `{}`, whatever they contain. The check by `instanceof` would miss those of another realm. */
const LOSING: readonly ((value: object) => boolean)[] = [
  types.isMap,
  types.isSet,
  types.isWeakMap,
  types.isWeakSet,
  types.isMapIterator,
  types.isSetIterator,
  types.isGeneratorObject,
  types.isRegExp,
  types.isNativeError,
  types.isAnyArrayBuffer,
  types.isDataView,
];

/** Describes a value by its built-in kind, such as `an Error`. */
function withArticle(value: object): string {
  const name = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** A promise has no JSON text but `{}`, so a forgotten `await` would lose the value. */
const AWAIT_IT = 'Await it, and store its value.';

/** Describes a value with more than `DEEPEST` levels, for messages. */
export const TOO_DEEP = `a value that is nested more than ${DEEPEST} levels deep`;

/** The advice for such a value. */
export const FLATTER = 'Store flatter values.';

/** Returns the key that holds a value. If the key itself contains dots or brackets, only its first part is returned. */
function topOf(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] || path.slice(0, 50);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
