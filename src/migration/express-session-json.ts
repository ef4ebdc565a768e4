import type { ForeignSession } from './foreign-store.js';

/**
 * The session in a column of JSON. Whether the driver has parsed it depends on the column's type.
 *
 * @throws SyntaxError when it is no session of express-session
 */
export function readJson(data: unknown): ForeignSession {
  const parsed: unknown = typeof data === 'string' ? JSON.parse(data) : data;
  if (!isObject(parsed) || !isObject(parsed.cookie)) throw new SyntaxError('no session: it has no cookie');
  return parsed as ForeignSession;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
