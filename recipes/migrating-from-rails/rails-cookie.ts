import { createHmac } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

/** The cookie of Rails: `session_store :active_record_store, key: '_shop_session'`. */
const RAILS_COOKIE = /(?:^|; *)_shop_session=([0-9a-f]{32})(?:;|$)/;

/** The cookie of the option `name`. */
const OWN_COOKIE = /(?:^|; *)sid=/;

/** Signs the id in the cookie of Rails, for a browser that does not have this app's cookie yet. */
export function railsCookie(request: Request, _response: Response, next: NextFunction): void {
  const { cookie = '' } = request.headers;
  const [, publicId] = RAILS_COOKIE.exec(cookie) ?? [];
  if (publicId && !OWN_COOKIE.test(cookie)) request.headers.cookie = `${cookie}; sid=${signed(publicId)}`;
  next();
}

/** Signs an id as express-session does. */
function signed(id: string): string {
  const signature = createHmac('sha256', process.env.SESSION_SECRET!).update(id).digest('base64').replace(/=+$/, '');
  return encodeURIComponent(`s:${id}.${signature}`);
}
