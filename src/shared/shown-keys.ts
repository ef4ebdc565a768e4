import { visible } from './visible.js';

/** So many keys are named, and so much of each, in characters: who chooses a session's keys shall not fill the log. */
const MOST_KEYS = 20;
const LONGEST_KEY = 64;

/** Names keys for a log line, quoted. */
export function shownKeys(keys: readonly string[]): string {
  const names = keys.slice(0, MOST_KEYS).map((key) => `"${escaped(key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key)}"`);
  const more = keys.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

/** A key, a path of keys or another name for a message, as in JSON: a line break in it begins no line, and a quote ends none. */
export function escaped(name: string): string {
  return visible(JSON.stringify(name).slice(1, -1));
}
