import { DevalueError, defaultStringifyOperations, stringify, unflatten } from 'devalue';
import { SessionNotSerializableError } from '../smart-session.errors.js';
import { isJsonValue } from './json-value.js';
import type { ValueCodec } from './value-codec.js';

/**
 * JSON values as they are, and others in devalue's format: dates, maps, sets, bigints, typed arrays,
 * Buffers, URLs, regular expressions, `undefined`, `NaN`, `-0`, infinities, cycles and shared references
 * come back as they went in. Reads what the JSON codec has written.
 */
export const richCodec: ValueCodec = {
  encode(value, key) {
    // An envelope's own look-alike goes into an envelope too.
    if (isJsonValue(value) && !isEnvelope(value)) return value;
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

const RICH_ADVICE = 'Store plain objects and built-in values, and no instance of a class of your own, function or symbol.';

/** The text of a Buffer in a list, for devalue takes an empty text for "not a Buffer". */
const BUFFER_TO_TEXT = { Buffer: (value: unknown) => Buffer.isBuffer(value) && [value.toString('base64')] };
const TEXT_TO_BUFFER = { Buffer: ([text]: [string]) => Buffer.from(text, 'base64') };

/** Sorts names, so that equal values have equal texts, and takes no subclass for its built-in parent. */
const CANONICAL: Partial<typeof defaultStringifyOperations> = {
  shapeOf(value: object) {
    const shape = defaultStringifyOperations.shapeOf(value);
    return 'keys' in shape ? { ...shape, keys: shape.keys.toSorted() } : shape;
  },
  tagOf(value: object) {
    const tag = defaultStringifyOperations.tagOf(value);
    const isBuiltIn = value.constructor?.name === tag || tag.includes('.');
    return isBuiltIn ? tag : 'Object';
  },
};

function isEnvelope(value: unknown): value is Record<typeof ENVELOPE, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, ENVELOPE) && Object.keys(value).length === 1;
}

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  const { name } = value.constructor ?? {};
  return name === undefined || name === 'Object' ? 'an object with a symbol or `__proto__` as a name' : `a ${name}`;
}
