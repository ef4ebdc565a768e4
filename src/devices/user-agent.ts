import { isSealed } from '../codec/seal.js';

/** The longest user agent that is stored, in bytes of UTF-8. Browsers send fewer than 300. */
export const LONGEST_USER_AGENT = 512;

/** Characters that break lines, control a terminal, or cannot be stored as text. */
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu;

const REPLACEMENT = '\ufffd';

/**
 * Returns a user agent as it is stored: at most `LONGEST_USER_AGENT` bytes, cut between two characters. Control characters and
 * halves of surrogate pairs become U+FFFD. Everything else stays as it was sent, also HTML.
 *
 * @param given the header `User-Agent`
 * @returns null if there is none
 */
export function boundedUserAgent(given: unknown): string | null {
  if (typeof given !== 'string' || given === '') return null;
  // A client may send a megabyte. Each character has at least one byte.
  const text = given.slice(0, LONGEST_USER_AGENT).replace(UNSAFE, REPLACEMENT);
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(LONGEST_USER_AGENT));
  // It could not be distinguished from an encrypted text, and no browser sends it.
  return isSealed(text) ? null : text.slice(0, read);
}
