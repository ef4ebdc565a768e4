import { types } from 'node:util';
import { SessionNotSerializableError } from '../smart-session.errors.js';

type Members = Record<string, unknown>;

/**
 * The JSON text of a value, with names sorted at every level, so that equal values have equal texts;
 * undefined where JSON has none (`undefined` itself).
 *
 * @param path where the value stands, for errors
 * @throws SessionNotSerializableError for a function, symbol, bigint or cycle
 */
export function canonicalJson(value: unknown, path: string): string | undefined {
  return JSON.stringify(canonical(value, path, []));
}

/** A copy with sorted names, made of JSON values only. `ancestors` finds cycles. */
function canonical(given: unknown, path: string, ancestors: readonly object[]): unknown {
  const value = hasToJson(given) ? given.toJSON(lastName(path)) : given;
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    throw new SessionNotSerializableError(path, `a ${typeof value}`);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (types.isBoxedPrimitive(value)) return value.valueOf();
  if (ancestors.includes(value)) throw new SessionNotSerializableError(path, 'a cycle');
  const line = [...ancestors, value];
  if (Array.isArray(value)) return value.map((item, index) => canonical(item, `${path}[${index}]`, line));
  return canonicalObject(value as Members, path, line);
}

function canonicalObject(value: Members, path: string, line: readonly object[]): unknown {
  // A null prototype: a stored `__proto__` stays a plain name and reaches nothing.
  const copy: Members = Object.create(null);
  for (const name of Object.keys(value).toSorted()) copy[name] = canonical(value[name], `${path}.${name}`, line);
  return copy;
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
  return typeof value === 'object' && value !== null && typeof (value as { toJSON?: unknown }).toJSON === 'function';
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
