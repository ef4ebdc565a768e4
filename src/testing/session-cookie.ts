import { randomBytes } from 'node:crypto';
import { signedBy } from '../security/cookie-signature.js';
import type { SessionDraft } from '../services/session.service.js';
import { isKeyedObject } from '../shared/plain-object.js';
import { SessionTestingError } from '../smart-session.errors.js';
import { found } from './found.js';
import { refusePromise } from './refuse-promise.js';
import { sessionsOf, type AppSessions, type TestedApp } from './tested-app.js';

/** In bytes, as express-session makes its ids. */
const ID_LENGTH = 24;

/**
 * Stores a session for a test, and returns the `Cookie` header of its client. So a test begins with a user who is logged in. The session
 * is stored with the app's own options: `serializer`, `encryption`, `hashIds`, `userId`, `maxSessionsPerUser` and the others. If the
 * option `cookie` is a function, the session has no max age, and lives for `ttl`.
 *
 * @param app the app, its `TestingModule` or a `ModuleRef`
 * @param values the values of the session. Default: none
 * @throws SessionTestingError for an app without the module, or whose option `transport` takes no cookies
 * @throws what `SessionService.commit` throws for the values
 * @example
 * const cookie = await sessionCookie(app, { userId: 1 });
 * await request(app.getHttpServer()).get('/cart').set('Cookie', cookie).expect(200);
 */
export async function sessionCookie(app: TestedApp, values: Partial<SessionDraft> = {}): Promise<string> {
  const sessions = sessionsOf(app, 'sessionCookie');
  if (!sessions.options.transport.takesCookies)
    throw new SessionTestingError(
      'sessionCookie',
      "the app's option `transport` takes no cookies",
      'Call `sessionHeaders`, and pass the result to `.set()` of supertest',
    );
  return cookieOf(sessions, await store(sessions, values, 'sessionCookie'));
}

/**
 * Stores a session for a test as `sessionCookie` does, and returns the request headers of its client: those of the option `transport`.
 *
 * @param app the app, its `TestingModule` or a `ModuleRef`
 * @param values the values of the session. Default: none
 * @returns the header `cookie`. If the app takes no cookies, its own header, such as `authorization`
 * @throws SessionTestingError for an app without the module
 * @throws what `SessionService.commit` throws for the values
 * @example
 * await request(app.getHttpServer()).get('/cart').set(await sessionHeaders(app, { userId: 1 })).expect(200);
 */
export async function sessionHeaders(app: TestedApp, values: Partial<SessionDraft> = {}): Promise<Record<string, string>> {
  const sessions = sessionsOf(app, 'sessionHeaders');
  const { takesCookies, header } = sessions.options.transport;
  const value = await store(sessions, values, 'sessionHeaders');
  if (takesCookies || !header) return { cookie: cookieOf(sessions, value) };
  const token = value.slice('s:'.length);
  return { [header.header]: header.scheme === undefined ? token : `${header.scheme} ${token}` };
}

function cookieOf({ options }: AppSessions, value: string): string {
  return `${options.name}=${encodeURIComponent(value)}`;
}

/** Returns the signed id. */
async function store({ protocol, options }: AppSessions, values: Partial<SessionDraft>, operation: string): Promise<string> {
  refusePromise(values, operation);
  if (!isKeyedObject(values))
    throw new SessionTestingError(
      operation,
      `${found(values)} is no object`,
      'Pass the values of the session by key, such as `{ userId: 1 }`',
    );
  const sessionId = randomBytes(ID_LENGTH).toString('base64url');
  const { maxAge = null } = typeof options.cookie === 'function' ? {} : options.cookie;
  await protocol.stored.replace(sessionId, { ...values, cookie: { originalMaxAge: maxAge } });
  return signedBy(options.secret[0]!, sessionId);
}
