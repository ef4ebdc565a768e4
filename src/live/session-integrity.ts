import { SessionNotSerializableError } from '../smart-session.errors.js';

/** What express-session calls when a response ends. */
interface Parts {
  readonly req?: unknown;
  readonly touch?: unknown;
  readonly cookie?: { readonly serialize?: unknown } | null;
}

/**
 * Whether a live session still has its cookie and its methods. Handlers may assign to both. Loaded data
 * that has not become a live session has neither.
 */
export function isWhole(session: object): boolean {
  const { req, touch } = session as Parts;
  return req === undefined || (hasCookie(session) && typeof touch === 'function');
}

/**
 * Refuses a session whose cookie or methods are gone.
 *
 * @throws SessionNotSerializableError
 */
export function refuseBroken(session: object): void {
  if (isWhole(session)) return;
  if (!hasCookie(session))
    throw new SessionNotSerializableError(
      'cookie',
      "any value other than express-session's cookie",
      'Do not replace the cookie. Set its properties, such as `session.cookie.maxAge`.',
    );
  if (!Object.hasOwn(session, 'touch'))
    throw new SessionNotSerializableError(
      '__proto__',
      'any value (this name would replace the methods of the session)',
      'Use another name.',
    );
}

function hasCookie(session: object): boolean {
  return typeof (session as Parts).cookie?.serialize === 'function';
}
