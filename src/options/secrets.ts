import { KeyObject } from 'node:crypto';

/** A secret that signs cookies: a string, bytes, or a secret key of `node:crypto`. */
export type CookieSecret = string | NodeJS.ArrayBufferView | KeyObject;

/** In characters. An attacker can guess a shorter secret from one cookie, without a request to the server. */
const SHORTEST = 32;

/** A random string of 32 characters, even of hex digits, has fewer once in millions. */
const FEWEST_DISTINCT_CHARACTERS = 8;

/** Secrets that documentation and samples use. */
const EXAMPLES =
  /keyboard.?cat|change.?(me|this|it)|secret.?(key|here|value)|(your|my|super|top|session|some|very).{0,8}secret|secret.{0,12}to keep|replace.?(me|this)|example|password|insert.{0,12}here|lorem ipsum/i;

/** Whether a value can sign a cookie. */
export function isSecret(given: unknown): given is CookieSecret {
  if (given instanceof KeyObject) return given.type === 'secret';
  return ArrayBuffer.isView(given) ? given.byteLength > 0 : typeof given === 'string' && given !== '';
}

/** Returns a copy of a secret that the app cannot change by its bytes. */
export function copyOfSecret(secret: CookieSecret): CookieSecret {
  return ArrayBuffer.isView(secret) ? Buffer.from(bytesOf(secret)) : secret;
}

/** Returns why a secret is weak; undefined if it is not. */
export function flawInSecret(secret: CookieSecret): string | undefined {
  const text = typeof secret === 'string' ? secret : bytesOf(secret).toString('latin1');
  const unit = typeof secret === 'string' ? 'characters' : 'bytes';
  if (text.length < SHORTEST) return `a secret of ${text.length} ${unit}`;
  if (EXAMPLES.test(text)) return 'a secret that looks like an example';
  return new Set(text).size < FEWEST_DISTINCT_CHARACTERS ? `a secret of few different ${unit}` : undefined;
}

function bytesOf(secret: NodeJS.ArrayBufferView | KeyObject): Buffer {
  if (secret instanceof KeyObject) return secret.export();
  return Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength);
}
