import { hasToJson } from '../shared/has-to-json.js';
import { isUsualObject } from './usual-object.js';
import { isPlainObject } from '../shared/plain-object.js';

/**
 * Returns equal texts for equal values, and different texts for different values. Used to compare values, and to find a value in
 * a list. Only texts of the same function can be compared.
 *
 * @throws TypeError for an object that cannot be compared by its contents
 */
export type Fingerprint = (value: unknown) => string;

/**
 * Returns a fingerprint function. It reads each object only once, and its texts are short for values of any size (hash consing:
 * Ershov, "On programming of arithmetic operations", 1958).
 */
export function fingerprints(): Fingerprint {
  const known = new Map<object, string>();
  const ids = new Map<string, string>();
  const fingerprint = (value: unknown): string => {
    if (typeof value !== 'object' || value === null) return primitive(value);
    const text = known.get(value);
    if (text === UNDER_WAY)
      throw new TypeError('A value with a cycle cannot be compared. Store the value without the cycle, or write your own rule for it.');
    if (text !== undefined) return text;
    known.set(value, UNDER_WAY);
    const content = isUsualObject(value) ? `{${members(value, fingerprint)}}` : `${typeOf(value)}(${contents(value, fingerprint)})`;
    const id = ids.get(content) ?? `#${ids.size}`;
    ids.set(content, id);
    known.set(value, id);
    return id;
  };
  return fingerprint;
}

const UNDER_WAY = '';

function primitive(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * Includes the class, because a Buffer and a Uint8Array of the same bytes are different values. Reads the class from
 * the prototype, because an object may have its own property `constructor`.
 */
function typeOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return `${Object.prototype.toString.call(value)} ${prototype?.constructor?.name}`;
}

function contents(value: object, fingerprint: Fingerprint): string {
  if (Array.isArray(value) || isPlainObject(value)) return members(value, fingerprint);
  if (value instanceof Map || value instanceof Set) return [...value].map(fingerprint).join();
  if (ArrayBuffer.isView(value)) return bytes(value.buffer, value.byteOffset, value.byteLength);
  if (Object.prototype.toString.call(value) === '[object ArrayBuffer]') return bytes(value as ArrayBuffer);
  if (hasToJson(value)) return fingerprint(value.toJSON());
  if (TOLD_BY_TEXT.has(Object.prototype.toString.call(value))) return String(value);
  throw new TypeError(`${Object.prototype.toString.call(value)} cannot be compared. Give it a toJSON(), or write your own rule for it.`);
}

/** Classes without a toJSON() whose text contains everything that they hold. */
const TOLD_BY_TEXT: ReadonlySet<string> = new Set(
  ['RegExp', 'URLSearchParams', 'Number', 'String', 'Boolean', 'BigInt'].map((tag) => `[object ${tag}]`),
);

/** Includes an array's length, which shows holes at its end. */
function members(value: object, fingerprint: Fingerprint): string {
  const keys = Object.keys(value);
  if (Array.isArray(value) && isDense(value, keys)) return `[${value.map(fingerprint).join()}]`;
  const names = keys.toSorted();
  const texts = names.map((name) => `${JSON.stringify(name)}:${fingerprint((value as Record<string, unknown>)[name])}`);
  return `${Array.isArray(value) ? value.length : ''}{${texts.join()}}`;
}

/** Whether an array has no holes and no names. Names follow all indices. */
function isDense({ length }: readonly unknown[], keys: readonly string[]): boolean {
  return length > 0 && keys.length === length && keys[length - 1] === String(length - 1);
}

function bytes(buffer: ArrayBufferLike, offset = 0, length = buffer.byteLength): string {
  return new Uint8Array(buffer, offset, length).join();
}
