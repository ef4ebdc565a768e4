import { types } from 'node:util';
import { SessionNotSerializableError } from '../smart-session.errors.js';
import type { EncodedValues } from '../merge/delta.js';
import { isReservedName } from './reserved-names.js';

/** The values of a session, by key. */
export type SessionValues = Record<string, unknown>;

/**
 * Encodes each top-level key of a session as canonical JSON: keys sorted at every level, so that
 * equal values have equal texts. The cookie is not data and is left out.
 *
 * @throws SessionNotSerializableError for a function, symbol, bigint, cycle, or a reserved name
 */
export function encodeValues(session: object): EncodedValues {
  const values = new Map<string, string>();
  for (const key of Object.keys(session).toSorted()) {
    if (key === 'cookie') continue;
    const text = encodeValue(session, key);
    if (text !== undefined) values.set(key, text);
  }
  return values;
}

/**
 * Encodes one top-level key; undefined where there is nothing to store.
 *
 * @throws SessionNotSerializableError
 */
export function encodeValue(session: object, key: string): string | undefined {
  if (isReservedName(key)) {
    throw new SessionNotSerializableError(key, 'anything (the name is reserved by express-session)');
  }
  return canonicalJson((session as SessionValues)[key], key);
}

/** Joins encoded values to the text of a record, keys sorted. */
export function joinValues(values: EncodedValues): string {
  const members = [...values.keys()].toSorted().map((key) => `${JSON.stringify(key)}:${values.get(key)}`);
  return `{${members.join(',')}}`;
}

/**
 * Splits the text of a record into encoded values. Reserved names are kept as they are, so that a
 * commit carries them along.
 *
 * @throws SyntaxError when the text is not a JSON object
 */
export function splitValues(text: string): EncodedValues {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new SyntaxError('not a JSON object');
  }
  return new Map(Object.entries(parsed).map(([key, value]) => [key, canonicalJson(value, key) ?? 'null']));
}

/** Decodes values for a live session; reserved names are left out. */
export function decodeValues(values: EncodedValues): SessionValues {
  const decoded: SessionValues = {};
  for (const [key, text] of values) {
    if (!isReservedName(key)) decoded[key] = decodeValue(text);
  }
  return decoded;
}

/** Decodes one value. */
export function decodeValue(text: string): unknown {
  return JSON.parse(text);
}

/** Canonical JSON of a value, or undefined where JSON has none (`undefined` itself). */
function canonicalJson(value: unknown, path: string): string | undefined {
  return JSON.stringify(canonical(value, path, []));
}

/** A copy with sorted keys, made of JSON values only. `ancestors` finds cycles. */
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
  return canonicalObject(value as SessionValues, path, line);
}

function canonicalObject(value: SessionValues, path: string, line: readonly object[]): unknown {
  // A null prototype: a stored `__proto__` stays a plain key and reaches nothing.
  const copy: SessionValues = Object.create(null);
  for (const key of Object.keys(value).toSorted()) copy[key] = canonical(value[key], `${path}.${key}`, line);
  return copy;
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
  return typeof value === 'object' && value !== null && typeof (value as { toJSON?: unknown }).toJSON === 'function';
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
