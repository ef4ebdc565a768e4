import { createSecretKey, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { flawInEncryption, openEncryption } from '../../src/options/encryption-keys.js';
import { copyOfSecret, flawInSecret, isSecret } from '../../src/options/secrets.js';

const bytes = Buffer.from('4f8a2c91d3e7b605a1c8f2e94b7d3068b59e02c7f14a6d8390be5c72a16f3d48', 'hex');

describe('flawInEncryption', () => {
  it.each<[string, unknown]>([
    ['no encryption', undefined],
    ['a key as bytes', { keys: [bytes] }],
    ['a key as hex', { keys: [bytes.toString('hex')] }],
    ['a key as base64', { keys: [bytes.toString('base64')] }],
    ['a key as base64url', { keys: [bytes.toString('base64url')] }],
    ['reading and writing plain text', { keys: [bytes], readPlaintext: true, writePlaintext: true }],
  ])('finds none in %s', (_name, given) => {
    expect(flawInEncryption(given)).toBeUndefined();
  });

  it.each<[string, unknown, RegExp]>([
    ['null', null, /^Give `keys`/],
    ['no key', { keys: [] }, /^Give `keys`/],
    ['another name', { keys: [bytes], key: bytes }, /no `key` in it/],
    ['a short key', { keys: [bytes.subarray(1)] }, /^Key 1 of 1 has 31 bytes/],
    ['a phrase', { keys: [bytes, 'correct horse'] }, /^Key 2 of 2 is a string of 13 characters/],
    ['a repeated byte', { keys: [Buffer.alloc(32, 1)] }, /^Key 1 of 1 is not random/],
    ['a key in two forms', { keys: [bytes, bytes.toString('hex')] }, /^Key 2 of 2 is given twice/],
    ['a number', { keys: [5] }, /^Key 1 of 1 is of type number/],
    ['an odd flag', { keys: [bytes], readPlaintext: 1 }, /`readPlaintext`\.$/],
    ['writing without reading', { keys: [bytes], writePlaintext: true }, /^Give `readPlaintext: true` too/],
  ])('finds one in %s', (_name, given, flaw) => {
    expect(flawInEncryption(given)).toMatch(flaw);
  });
});

describe('openEncryption', () => {
  it('has the keys in order, and no plain text by default', () => {
    const other = randomBytes(32);
    const { keys, ...flags } = openEncryption({ keys: [bytes.toString('hex'), other] });
    expect(keys.map((key) => key.export())).toEqual([bytes, other]);
    expect(flags).toEqual({ readPlaintext: false, writePlaintext: false });
  });

  it('shows no key to a logger', () => {
    const shown = inspect(openEncryption({ keys: [bytes] }), { depth: 9 });
    expect(shown).not.toMatch(/4f8a|4f 8a/);
  });
});

describe('a secret', () => {
  it.each<[string, unknown, boolean]>([
    ['a text', 'a', true],
    ['an empty text', '', false],
    ['bytes', new Uint8Array(1), true],
    ['no bytes', new Uint8Array(0), false],
    ['a secret key', createSecretKey(bytes), true],
    ['a number', 5, false],
    ['undefined', undefined, false],
  ])('may be %s: %#', (_name, given, isOne) => {
    expect(isSecret(given)).toBe(isOne);
  });

  it('is copied, so that the app cannot change it by its bytes', () => {
    const whole = Buffer.from('a secret in the middle');
    const given = whole.subarray(2, 8);
    const copy = copyOfSecret(given) as Buffer;
    whole.fill(0);
    expect(copy.toString()).toBe('secret');
  });

  it.each<[string, string | Buffer, string | undefined]>([
    ['31 characters', 'kR3v9TqXb7LmN2pW8sYdF4gH6jZcAe1', 'a secret of 31 characters'],
    ['31 bytes', bytes.subarray(1), 'a secret of 31 bytes'],
    ['an example', 'keyboard cat keyboard cat keyboard cat', 'a secret that looks like an example'],
    ['a repeated character', 'x'.repeat(40), 'a secret of few different characters'],
    ['a random text', 'kR3v9TqXb7LmN2pW8sYdF4gH6jZcAe1u', undefined],
  ])('of %s is weak: %#', (_name, secret, flaw) => {
    expect(flawInSecret(secret)).toBe(flaw);
  });
});
