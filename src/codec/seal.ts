import { createCipheriv, createDecipheriv, createHmac, hash, randomBytes, type KeyObject } from 'node:crypto';
import { SessionDecryptionError } from '../smart-session.errors.js';

/** What a sealed text begins with; what is not sealed is JSON, and begins with a brace. */
const MARK = 'sealed.1.';
const SEALED = /^sealed\.1\.([0-9a-f]{8})\.([A-Za-z0-9+/]+={0,2})$/;

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals the data of records with AES-256-GCM, bound to their storage keys: what is moved to another row, or
 * changed, does not open. A sealed text is `sealed.1.<key id>.<base64 of nonce, ciphertext and tag>`.
 */
export class Seal {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #first: readonly [keyId: string, key: KeyObject];
  readonly #readsPlaintext: boolean;
  readonly #writesPlaintext: boolean;

  /** @param keys the first seals, all open */
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
        `it is sealed with the key ${keyId}, which is not among \`encryption.keys\`. Give that key too, after the first.`,
      );
    try {
      return decrypt(keyId, key, storageKey, Buffer.from(base64, 'base64'));
    } catch (error) {
      throw new SessionDecryptionError(
        storageKey,
        'its data was changed, or belongs to another record. The record stays; destroy it to give its user a new session.',
        error,
      );
    }
  }

  #openOther(storageKey: string, data: string): string {
    if (isSealed(data))
      throw new SessionDecryptionError(
        storageKey,
        'its data was cut off or changed. The record stays; destroy it to give its user a new session.',
      );
    if (this.#readsPlaintext) return data;
    throw new SessionDecryptionError(
      storageKey,
      'it is not sealed. To take over a table that is not, set `encryption.readPlaintext: true` until its sessions have expired or are written anew.',
    );
  }
}

/** Whether a text is a sealed one, or was; null where a table that was there before allows it. */
export function isSealed(data: string | null): boolean {
  return data?.startsWith(MARK) ?? false;
}

function decrypt(keyId: string, key: KeyObject, storageKey: string, sealed: Buffer): string {
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, recordKey(key, storageKey), sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo(keyId, storageKey)).setAuthTag(sealed.subarray(tagAt));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, tagAt)), decipher.final()]).toString('utf8');
}

/** Random nonces are good for 2^32 texts under one key, so that each record has a key of its own. */
function recordKey(key: KeyObject, storageKey: string): Buffer {
  return createHmac('sha256', key).update(storageKey).digest();
}

function boundTo(keyId: string, storageKey: string): Buffer {
  return Buffer.from(`${MARK}${keyId}.${storageKey}`);
}

/** Names a key and does not tell it. */
function keyIdOf(key: KeyObject): string {
  return hash('sha256', Buffer.concat([Buffer.from('key id of a session key: '), key.export()]), 'hex').slice(0, 8);
}
