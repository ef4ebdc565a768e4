import { isKeyedObject } from '../shared/plain-object.js';
import type { PreviousSession } from './store-format.js';

/**
 * Reads the session in a JSON column. The column's type decides whether the driver has parsed it.
 *
 * @throws SyntaxError if it is not a session of express-session
 */
export function readJson(data: unknown): PreviousSession {
  const parsed = typeof data === 'string' ? parse(data) : data;
  if (!isKeyedObject(parsed) || !isKeyedObject(parsed.cookie)) throw new SyntaxError('its data is no session: it has no cookie');
  return parsed as PreviousSession;
}

/** Replaces the parser's own error, which quotes the text and must not be logged. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError('its data is not JSON');
  }
}
