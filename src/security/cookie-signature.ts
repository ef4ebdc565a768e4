import { createHmac, timingSafeEqual, type BinaryLike, type KeyObject } from 'node:crypto';
import type { CookieSecret } from '../options/secrets.js';

/** Returns a cookie's value as express-session signs it: `s:`, the id, a dot and the HMAC-SHA-256 in base64 (cookie-signature 1.0). */
export function signedBy(secret: CookieSecret, sessionId: string): string {
  return `s:${sessionId}.${signatureOf(secret, sessionId)}`;
}

/**
 * Whether a secret has signed a cookie's value, as express-session signs session ids: see `signedBy`.
 *
 * @param value the decoded value
 */
export function isSignedBy(secret: CookieSecret, value: string): boolean {
  const dot = value.lastIndexOf('.');
  const expected = signatureOf(secret, value.slice('s:'.length, dot));
  return timingSafeEqual(digest(expected), digest(value.slice(dot + 1)));
}

function signatureOf(secret: CookieSecret, sessionId: string): string {
  return createHmac('sha256', secret as BinaryLike | KeyObject)
    .update(sessionId)
    .digest('base64')
    .replaceAll('=', '');
}

/** Returns a digest, so that both sides have the same length for every input. */
function digest(text: string): Buffer {
  return createHmac('sha256', 'compare').update(text).digest();
}
