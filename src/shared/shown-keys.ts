import { visible } from './visible.js';

/** Limits of a log line: a client that chooses the keys of a session must not fill the log. Lengths are in characters. */
const MOST_KEYS = 20;
const LONGEST_KEY = 64;

/** Returns the keys for a log line, in quotes. */
export function shownKeys(keys: readonly string[]): string {
  const names = keys.slice(0, MOST_KEYS).map((key) => `"${shownKey(key)}"`);
  const more = keys.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

/** Whether a message shows only the start of a key. */
export function isShortened(key: string): boolean {
  return key.length > LONGEST_KEY;
}

/** Returns a key for a message, shortened and escaped. */
export function shownKey(key: string): string {
  return escaped(isShortened(key) ? `${key.slice(0, LONGEST_KEY)}…` : key);
}

/** Escapes a key, a path or another name for a message, as in JSON. A line break in it does not start a line, and a quote does not end the name. */
export function escaped(name: string): string {
  return visible(JSON.stringify(name).slice(1, -1));
}
