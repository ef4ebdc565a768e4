import { isKeyedObject } from '../shared/plain-object.js';
import type { PreviousSession } from './store-format.js';

/**
 * The session in a column of JSON. Whether the driver has parsed it depends on the column's type.
 *
 * @throws SyntaxError when it is no session of express-session
 */
export function readJson(data: unknown): PreviousSession {
  const parsed = typeof data === 'string' ? parse(data) : data;
  if (!isKeyedObject(parsed) || !isKeyedObject(parsed.cookie)) throw new SyntaxError('its data is no session: it has no cookie');
  return parsed as PreviousSession;
}

/** The parser's own error quotes the text, which is nothing for a log. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError('its data is not JSON');
  }
}
