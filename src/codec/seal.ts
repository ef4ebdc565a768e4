import { createCipheriv, createDecipheriv, createHmac, hash, randomBytes, type KeyObject } from 'node:crypto';
import { SessionDecryptionError } from '../smart-session.errors.js';

/** The beginning of a sealed text. A text that is not sealed is JSON and begins with a brace. */
const MARK = 'sealed.1.';
const SEALED = /^sealed\.1\.([0-9a-f]{8})\.([A-Za-z0-9+/]+={0,2})$/;

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts the data of records with AES-256-GCM and binds it to their storage keys. Data that was changed, or moved to another
 * row, does not open. A sealed text is `sealed.1.<key id>.<base64 of nonce, ciphertext and tag>`.
 */
export class Seal {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #first: readonly [keyId: string, key: KeyObject];
  readonly #readsPlaintext: boolean;
  readonly #writesPlaintext: boolean;

  /** @param keys the first key seals, and all keys open */
  constructor({
    keys,
    readPlaintext,
    writePlaintext,
  }: {
    readonly keys: readonly KeyObject[];
    readonly readPlaintext: boolean;
    readonly writePlaintext: boolean;
  }) {
    this.#keys = new Map(keys.map((key) => [keyIdOf(key), key]));
    this.#first = [...this.#keys][0]!;
    this.#readsPlaintext = readPlaintext;
    this.#writesPlaintext = writePlaintext;
  }

  /** The id of the key that seals; undefined if texts are written as they are. */
  get sealingKeyId(): string | undefined {
    return this.#writesPlaintext ? undefined : this.#first[0];
  }

  seal(storageKey: string, text: string): string {
    if (this.#writesPlaintext) return text;
    const [keyId, key] = this.#first;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, recordKey(key, storageKey), nonce).setAAD(boundTo(keyId, storageKey));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${MARK}${keyId}.${sealed.toString('base64')}`;
  }

  /** @throws SessionDecryptionError */
  open(storageKey: string, data: string): string {
    const [, keyId, base64] = SEALED.exec(data) ?? [];
    if (keyId === undefined || base64 === undefined) return this.#openOther(storageKey, data);
    const key = this.#keys.get(keyId);
    if (!key)
      throw new SessionDecryptionError(
        storageKey,
        `it is encrypted with the key ${keyId}, which is not in \`encryption.keys\`. Add that key after the first one.`,
      );
    try {
      return decrypt(keyId, key, storageKey, Buffer.from(base64, 'base64'));
    } catch (error) {
      throw new SessionDecryptionError(
        storageKey,
        'its data was changed, or belongs to another record. The record is unchanged. Destroy it to give its user a new session.',
        error,
      );
    }
  }

  #openOther(storageKey: string, data: string): string {
    if (isSealed(data))
      throw new SessionDecryptionError(
        storageKey,
        'its data was cut off or changed. The record is unchanged. Destroy it to give its user a new session.',
      );
    if (this.#readsPlaintext) return data;
    throw new SessionDecryptionError(
      storageKey,
      'it is not encrypted. If the table still has unencrypted sessions, set `encryption.readPlaintext: true` until each has expired or was written again.',
    );
  }
}

/** Whether a text is sealed, or was sealed and then damaged. Null is possible in a table that the library did not create. */
export function isSealed(data: string | null): boolean {
  return data?.startsWith(MARK) ?? false;
}

/** Returns the id of the key that sealed a text; undefined for a text that is not sealed or is damaged. */
export function keyIdIn(data: string): string | undefined {
  return SEALED.exec(data)?.[1];
}

function decrypt(keyId: string, key: KeyObject, storageKey: string, sealed: Buffer): string {
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, recordKey(key, storageKey), sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo(keyId, storageKey)).setAuthTag(sealed.subarray(tagAt));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, tagAt)), decipher.final()]).toString('utf8');
}

/** Derives a key for each record. Random nonces are safe for at most 2^32 texts under one key. */
function recordKey(key: KeyObject, storageKey: string): Buffer {
  return createHmac('sha256', key).update(storageKey).digest();
}

function boundTo(keyId: string, storageKey: string): Buffer {
  return Buffer.from(`${MARK}${keyId}.${storageKey}`);
}

/** Returns the ids of keys, in their order. */
export function keyIdsOf(keys: readonly KeyObject[]): string[] {
  return keys.map(keyIdOf);
}

/** Identifies a key without revealing it. */
function keyIdOf(key: KeyObject): string {
  return hash('sha256', Buffer.concat([Buffer.from('key id of a session key: '), key.export()]), 'hex').slice(0, 8);
}
