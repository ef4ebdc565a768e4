import { DevalueError, defaultStringifyOperations, stringify, unflatten } from 'devalue';
import { SessionNotSerializableError } from '../smart-session.errors.js';
import { FLATTER, TOO_DEEP } from './canonical-json.js';
import { DEEPEST } from './depth.js';
import { isJsonValue } from './json-value.js';
import { isPlainPrototype } from '../shared/plain-object.js';
import type { ValueCodec } from '../shared/value-codec.js';

/**
 * Stores JSON values as JSON, and all others in devalue's format. Dates, maps, sets, bigints, typed arrays, Buffers, URLs,
 * regular expressions, `undefined`, `NaN`, `-0`, infinities, cycles and shared references come back unchanged. A view comes back
 * with its own buffer. It also reads the values of the JSON codec.
 */
export const richCodec: ValueCodec = {
  encode(value, key) {
    // A value that looks like an envelope goes into an envelope too.
    if (isJsonValue(value) && !isEnvelope(value)) return value;
    if (isDeep(value, new Set(), 0)) throw new SessionNotSerializableError(key, TOO_DEEP, FLATTER);
    try {
      return { [ENVELOPE]: JSON.parse(stringify(value, BUFFER_TO_TEXT, { operations: CANONICAL })) as unknown };
    } catch (error) {
      if (!(error instanceof DevalueError)) throw error;
      throw new SessionNotSerializableError(`${key}${error.path}`, describe(error.value), RICH_ADVICE);
    }
  },
  decode: (stored) => (isEnvelope(stored) ? unflatten(stored[ENVELOPE] as number, TEXT_TO_BUFFER) : stored),
};

const ENVELOPE = '$rich';
const ENVELOPE_NAME = JSON.stringify(ENVELOPE);
const ENVELOPE_NAME_END = ENVELOPE_NAME.slice(1);
const ENVELOPE_START = `{${ENVELOPE_NAME}:`;

const RICH_ADVICE = 'Store plain objects and built-in values, not functions, symbols or instances of your own classes.';

/** Encodes a Buffer as a text in a list, because devalue takes an empty text to mean "not a Buffer". */
const BUFFER_TO_TEXT = {
  Buffer: (value: unknown) => Buffer.isBuffer(value) && value.constructor === Buffer && !hasNames(value) && [value.toString('base64')],
};
const TEXT_TO_BUFFER = {
  Buffer: ([text]: [unknown]) => {
    if (typeof text !== 'string') throw new TypeError(`The stored form of a Buffer must be a string, not ${typeof text}.`);
    return Buffer.from(text, 'base64');
  },
};

/** The operations that devalue uses on values. With these, equal values have equal texts, and no value comes back as something else. */
const CANONICAL: Partial<typeof defaultStringifyOperations> = {
  shapeOf(value: object) {
    const isPlain = defaultStringifyOperations.tagOf(value) === 'Object' && isPlainPrototype(Object.getPrototypeOf(value) as object | null);
    const shape = isPlain ? defaultStringifyOperations.shapeOf(value) : ({ kind: 'not-plain' } as const);
    return 'keys' in shape ? { ...shape, keys: shape.keys.toSorted() } : shape;
  },
  tagOf(value: object) {
    const tag = defaultStringifyOperations.tagOf(value);
    return isBuiltIn(value, tag) ? tag : 'Object';
  },
  // The buffer may be a pool that contains the data of others.
  viewInfo: (view: ArrayBufferView) =>
    defaultStringifyOperations.viewInfo(view.byteLength === view.buffer.byteLength ? view : ownBytes(view)),
};

/** Whether a value belongs to the built-in class of its tag, not to a subclass, and has no additional names. */
function isBuiltIn(value: object, tag: string): boolean {
  // Not from the value itself, which may have a name `constructor`.
  const constructor: unknown = (Object.getPrototypeOf(value) as object | null)?.constructor;
  if (typeof constructor !== 'function') return false;
  const name = tag.replace(/^.*\./, '');
  // In another realm, such as a test runner's, a class is known only by its name.
  const isOfRealm = constructor === (globalThis as Record<string, unknown>)[name];
  const isOfClass = isOfRealm || (constructor.name === name && Function.prototype.toString.call(constructor).includes('[native code]'));
  return isOfClass && (name === 'Object' || !hasNames(value));
}

/** Whether a value has names besides its indices. Such names follow the indices. */
function hasNames(value: object): boolean {
  const last = Object.keys(value).at(-1);
  const { length } = value as { length?: unknown };
  const isIndex = last !== undefined && typeof length === 'number' && String(Number(last) >>> 0) === last && Number(last) < length;
  return (last !== undefined && !isIndex) || Object.getOwnPropertySymbols(value).length > 0;
}

/**
 * Whether a value has more than `DEEPEST` levels. It visits values as devalue does: each object once, with names in their order.
 * So it also ends for a cycle.
 */
function isDeep(value: unknown, seen: Set<object>, depth: number): boolean {
  if (typeof value !== 'object' || value === null || seen.has(value)) return false;
  const inside = contents(value);
  if (!inside) return false;
  if (depth === DEEPEST) return true;
  seen.add(value);
  return inside.some((item) => isDeep(item, seen, depth + 1));
}

/** Returns the values that a value contains. Returns undefined if it contains none, or if devalue refuses it. */
function contents(value: object): unknown[] | undefined {
  const tag = CANONICAL.tagOf!(value);
  if (tag === 'Map') return [...(value as Map<unknown, unknown>)].flat();
  if (tag === 'Set') return [...(value as Set<unknown>)];
  if (tag === 'Array') return Object.values(value);
  if (tag !== 'Object' || !isPlainPrototype(Object.getPrototypeOf(value) as object | null)) return undefined;
  return Object.keys(value)
    .toSorted()
    .map((name) => (value as Record<string, unknown>)[name]);
}

function ownBytes(view: ArrayBufferView): ArrayBufferView {
  const buffer = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  return new (view.constructor as new (buffer: ArrayBufferLike) => ArrayBufferView)(buffer);
}

/** Whether a stored value is in devalue's format: an object whose only name is `$rich`. */
export function isEnvelope(value: unknown): value is Record<typeof ENVELOPE, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, ENVELOPE) && Object.keys(value).length === 1;
}

/** Whether the text of a stored value is that of an envelope. */
export function isEnvelopeText(text: string | undefined): boolean {
  return text !== undefined && text.startsWith(ENVELOPE_START) && isEnvelope(JSON.parse(text));
}

/** Whether the text of a record may contain an envelope. False is certain. */
export function mayHoldEnvelopes(text: string): boolean {
  // Without its first quote the name is found much faster, because texts have few of its other first character.
  return text.includes(ENVELOPE_NAME_END);
}

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  const tag = defaultStringifyOperations.tagOf(value);
  if (tag === 'Object' && isPlainPrototype(Object.getPrototypeOf(value) as object | null))
    return 'an object with a symbol or `__proto__` as a name';
  const className = (Object.getPrototypeOf(value) as object | null)?.constructor?.name ?? 'Object';
  const name = className === 'Object' ? tag : className;
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}
