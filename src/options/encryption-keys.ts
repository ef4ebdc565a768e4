import { createSecretKey, type KeyObject } from 'node:crypto';

/** A key of 32 bytes: the bytes, or a string of them in hex, base64 or base64url. */
export type EncryptionKey = string | Uint8Array;

/** How the stored data is encrypted. */
export interface EncryptionOptions {
  /** The first key encrypts, all decrypt. To rotate, put the new key before the others. */
  keys: readonly EncryptionKey[];
  /** Also reads rows that are not encrypted, while encryption is turned on or off. Default: false. */
  readPlaintext?: boolean;
  /** Encrypts nothing but still decrypts, while processes without the keys run. Needs `readPlaintext: true`. Default: false. */
  writePlaintext?: boolean;
}

/** The option `encryption` in the form that the library uses. */
export interface ResolvedEncryption {
  /** The first key encrypts, all decrypt. Key objects show no key when they are logged. */
  readonly keys: readonly KeyObject[];
  readonly readPlaintext: boolean;
  readonly writePlaintext: boolean;
}

const KEY_BYTES = 32;

/** Fewer occur once in 10^20 random keys. A phrase or a repeated byte has fewer. */
const FEWEST_DISTINCT_BYTES = 14;

const ADVICE = 'Give `keys`, a list of keys of 32 random bytes. Each is a Buffer, hex or base64, such as `openssl rand -base64 32` prints.';

/** Returns what is wrong with the option `encryption`, without showing a key; undefined if it is right. */
export function flawInEncryption(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || given === null) return ADVICE;
  const { keys, readPlaintext, writePlaintext, ...others } = given as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `There is no \`${unknown}\` in it. ${ADVICE}`;
  if (readPlaintext !== undefined && typeof readPlaintext !== 'boolean') return 'Use true or false for `readPlaintext`.';
  if (writePlaintext !== undefined && typeof writePlaintext !== 'boolean') return 'Use true or false for `writePlaintext`.';
  if (writePlaintext && !readPlaintext) return 'Give `readPlaintext: true` too: the app must read what `writePlaintext` writes.';
  if (!Array.isArray(keys) || keys.length === 0) return ADVICE;
  const flaws = keys.map((key: unknown, n) => flawInKey(key, keys.slice(0, n)));
  const wrong = flaws.findIndex((flaw) => flaw !== undefined);
  return wrong < 0 ? undefined : `Key ${wrong + 1} of ${keys.length} ${flaws[wrong]}. ${ADVICE}`;
}

function flawInKey(given: unknown, earlier: readonly unknown[]): string | undefined {
  const bytes = bytesOf(given);
  if (!bytes) return `is of type ${typeof given}`;
  if (bytes.length !== KEY_BYTES)
    return typeof given === 'string'
      ? `is a string of ${given.length} characters that does not hold 32 bytes`
      : `has ${bytes.length} bytes`;
  if (new Set(bytes).size < FEWEST_DISTINCT_BYTES) return 'is not random: it has few different bytes';
  return earlier.some((key) => bytesOf(key)?.equals(bytes)) ? 'is given twice' : undefined;
}

/** Resolves the option. `flawInEncryption` must have found no flaw in it. */
export function openEncryption({ keys, readPlaintext = false, writePlaintext = false }: EncryptionOptions): ResolvedEncryption {
  const keyObjects = keys.map((key) => createSecretKey(bytesOf(key)!));
  return Object.freeze({ keys: Object.freeze(keyObjects), readPlaintext, writePlaintext });
}

/** Returns the bytes of a key. A string that is neither hex nor base64 has none. A value of another type is undefined. */
function bytesOf(given: unknown): Buffer | undefined {
  if (given instanceof Uint8Array) return Buffer.from(given);
  if (typeof given !== 'string') return undefined;
  if (/^[0-9a-f]{64}$/i.test(given)) return Buffer.from(given, 'hex');
  return /^[\w+/-]{43}=?$/.test(given) ? Buffer.from(given, 'base64') : Buffer.alloc(0);
}
