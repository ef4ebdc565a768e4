/** Returns a value that a test has passed, for a message. A cookie is cut, because it may be long. */
export function found(value: unknown): string {
  if (typeof value === 'string') return `"${value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value}"`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return 'an array';
  return value === undefined ? 'undefined' : `a value of type ${typeof value}`;
}

/** In characters. */
const LONGEST = 20;
