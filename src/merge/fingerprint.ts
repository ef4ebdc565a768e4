import { isPlainObject } from './plain-object.js';

/**
 * A text that equal values share, and others do not: to compare values, and to find one again in a list.
 *
 * @throws TypeError for an object that cannot be compared by what it holds
 */
export function fingerprint(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(fingerprint).join()}]`;
  if (isPlainObject(value)) return `{${Object.keys(value).toSorted().map((name) => `${JSON.stringify(name)}:${fingerprint(value[name])}`).join()}}`;
  return `${Object.prototype.toString.call(value)}(${contents(value)})`;
}

/** Whether two values are equal. */
export function isSame(left: unknown, right: unknown): boolean {
  return Object.is(left, right) || fingerprint(left) === fingerprint(right);
}

function contents(value: object): string {
  if (value instanceof Map || value instanceof Set) return [...value].map(fingerprint).join();
  if (ArrayBuffer.isView(value)) return bytes(value.buffer, value.byteOffset, value.byteLength);
  if (Object.prototype.toString.call(value) === '[object ArrayBuffer]') return bytes(value as ArrayBuffer);
  if (hasToJson(value)) return fingerprint(value.toJSON());
  const text = String(value);
  if (text.startsWith('[object ')) throw new TypeError(`${text} cannot be compared: give it a toJSON(), or write a rule of your own for it.`);
  return text;
}

function bytes(buffer: ArrayBufferLike, offset = 0, length = buffer.byteLength): string {
  return new Uint8Array(buffer, offset, length).join();
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function';
}
