import type { SessionDraft } from '../services/session.service.js';
import { carriedSession } from './carried-session.js';
import type { SessionCarrier } from './session-carrier.js';
import { sessionsOf, type TestedApp } from './tested-app.js';

/**
 * Reads what is stored now in the session of a client. A test calls it after a request, to check what the request has stored.
 *
 * A response of supertest or light-my-request that sets no cookie stands for the session of its request. The responses of `fetch` do not
 * know their request: pass its cookie then.
 *
 * @param app the app, its `TestingModule` or a `ModuleRef`
 * @param carrier a response of the app, or what `sessionCookie` or `sessionHeaders` has returned
 * @returns the values. Undefined if there is no session: the client was given none, or it has ended
 * @throws SessionTestingError for an app without the module, or for a cookie that the app has not signed
 * @throws what `SessionService.load` throws
 * @example
 * const response = await request(app.getHttpServer()).post('/login').send({ name: 'anna' });
 * expect(await readSession(app, response)).toEqual({ userId: 1 });
 */
export async function readSession(app: TestedApp, carrier: SessionCarrier): Promise<SessionDraft | undefined> {
  const sessions = sessionsOf(app, 'readSession');
  const sessionId = carriedSession(sessions, carrier, 'readSession');
  const session = sessionId === undefined ? undefined : await sessions.service.load(sessionId);
  if (!session) return undefined;
  const { cookie: _, ...values } = session;
  return values as SessionDraft;
}
