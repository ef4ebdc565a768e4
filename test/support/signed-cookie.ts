import { createHmac } from 'node:crypto';

/** Returns a cookie as express-session signs it. */
export function signedCookie(sessionId: string, secret = 'test', name = 'sid'): string {
  const signature = createHmac('sha256', secret).update(sessionId).digest('base64').replace(/=+$/, '');
  return `${name}=${encodeURIComponent(`s:${sessionId}.${signature}`)}`;
}

/** Returns the session id of a signed cookie. */
export function sessionIdOf(cookie: string): string {
  return /=s:([^.]+)\./.exec(decodeURIComponent(cookie))![1]!;
}
