import { createSecretKey, type KeyObject } from 'node:crypto';

/** A key of 32 bytes: the bytes themselves, or their text in hex, base64 or base64url. */
export type EncryptionKey = string | Uint8Array;

/** How the data of sessions is sealed. */
export interface EncryptionOptions {
  /** The first seals, all open: to rotate, put the new one before the others. */
  keys: readonly EncryptionKey[];
  /** Reads rows that are not sealed too, while encryption is turned on or off. Default: false. */
  readPlaintext?: boolean;
  /** Seals nothing, and opens what is sealed, while processes without the keys still run. Needs `readPlaintext: true`. Default: false. */
  writePlaintext?: boolean;
}

/** The option `encryption` in the form that the library uses. */
export interface ResolvedEncryption {
  /** The first seals, all open. They show no key when they are logged. */
  readonly keys: readonly KeyObject[];
  readonly readPlaintext: boolean;
  readonly writePlaintext: boolean;
}

const KEY_BYTES = 32;

/** Random bytes have less than this once in 10^20 keys; a phrase or a repeated byte has. */
const FEWEST_DISTINCT_BYTES = 14;

const ADVICE =
  'Give `keys`, a list of keys of 32 random bytes, each as a Buffer or as hex or base64, such as `openssl rand -base64 32` prints.';

/** Says what is wrong with the option `encryption`, without showing a key; undefined when it is right. */
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

/** No bytes for a text that is neither hex nor base64; undefined for what is no key at all. */
function bytesOf(given: unknown): Buffer | undefined {
  if (given instanceof Uint8Array) return Buffer.from(given);
  if (typeof given !== 'string') return undefined;
  if (/^[0-9a-f]{64}$/i.test(given)) return Buffer.from(given, 'hex');
  return /^[\w+/-]{43}=?$/.test(given) ? Buffer.from(given, 'base64') : Buffer.alloc(0);
}
