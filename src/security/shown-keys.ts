/** So many keys are named, and so much of each, in characters: who chooses a session's keys shall not fill the log. */
const MOST_KEYS = 20;
const LONGEST_KEY = 64;

/** Names keys for a log line, quoted. */
export function shownKeys(keys: readonly string[]): string {
  const names = keys.slice(0, MOST_KEYS).map((key) => `"${escaped(key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key)}"`);
  const more = keys.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

/** A key, or a path of keys, for a message: a name with a line break in it begins no line of its own. */
export function escaped(name: string): string {
  return JSON.stringify(name).slice(1, -1);
}
