import { createHmac, timingSafeEqual, type BinaryLike, type KeyObject } from 'node:crypto';
import type { CookieSecret } from '../options/secrets.js';

/**
 * Whether a secret has signed a cookie's value, as express-session signs session ids: `s:`, the id, a dot and the HMAC-SHA-256 in
 * base64 (cookie-signature 1.0).
 *
 * @param value the decoded value
 */
export function isSignedBy(secret: CookieSecret, value: string): boolean {
  const dot = value.lastIndexOf('.');
  const expected = createHmac('sha256', secret as BinaryLike | KeyObject)
    .update(value.slice('s:'.length, dot))
    .digest('base64')
    .replaceAll('=', '');
  return timingSafeEqual(digest(expected), digest(value.slice(dot + 1)));
}

/** Returns a digest, so that both sides have the same length for every input. */
function digest(text: string): Buffer {
  return createHmac('sha256', 'compare').update(text).digest();
}
