import { requestCookie } from '../http/request-cookie.js';
import { SessionTransport } from '../http/session-transport.js';
import { SessionTestingError } from '../smart-session.errors.js';
import { found } from './found.js';
import { refusePromise } from './refuse-promise.js';
import { headersOf, isCarrier, type SessionCarrier } from './session-carrier.js';
import type { AppSessions } from './tested-app.js';

/**
 * Returns the id of the session that a test has.
 *
 * @param operation the function that the test has called, for the error
 * @returns undefined if there is none: the client was given no session, or the response has removed its cookie
 * @throws SessionTestingError for a session that the app has not signed
 */
export function carriedSession(app: AppSessions, carrier: SessionCarrier, operation: string): string | undefined {
  const { options, service } = app;
  refusePromise(carrier, operation);
  if (!isCarrier(carrier)) throw new SessionTestingError(operation, `${found(carrier)} is no response and no cookie`, PASS_A_SESSION);
  const { name } = options;
  const headers = headersOf(carrier, { cookie: name, header: options.transport.header?.header });
  if (requestCookie(headers.cookie, name) === '') delete headers.cookie;
  const isEmptyText = typeof carrier === 'string' && carrier !== '' && requestCookie(carrier, name) === undefined;
  if (isEmptyText) throw new SessionTestingError(operation, `${found(carrier)} has no cookie \`${name}\``, PASS_A_SESSION);
  const id = service.idOf({ headers });
  if (id !== undefined || !new SessionTransport(options).hasId({ headers })) return id;
  throw new SessionTestingError(
    operation,
    `${found(headers.cookie ?? Object.values(headers)[0])} is not signed by a \`secret\` of this app`,
    'Pass a session of this app, or give the app the `secret` that has signed this one',
  );
}

const PASS_A_SESSION = "Pass the app's response, or what `sessionCookie` or `sessionHeaders` has returned";
