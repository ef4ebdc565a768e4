// Compiled by `npm run check`, never run: what must not compile is marked, and an unused mark is an error.
import type { Cookie } from 'express-session';
import type { SessionKey, StoredSession } from '../../src/index.js';

interface Undeclared {
  cookie: Cookie;
}

/** Any key, and any value, where the app has declared nothing. */
export const key: SessionKey<Undeclared> = 'user';
export const find = (session: StoredSession<Undeclared>): string => session.user?.id;
