import { createHmac } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

/** The cookie that Rails has set: `session_store :active_record_store, key: '_shop_session'`. */
const RAILS_COOKIE = /(?:^|; *)_shop_session=([0-9a-f]{32})(?:;|$)/;

/** The cookie of the option `name`. */
const OWN_COOKIE = /(?:^|; *)sid=/;

/** Signs the id of the Rails cookie, if the browser has no cookie of this app yet. */
export function railsCookie(request: Request, _response: Response, next: NextFunction): void {
  const { cookie = '' } = request.headers;
  const [, publicId] = RAILS_COOKIE.exec(cookie) ?? [];
  if (publicId && !OWN_COOKIE.test(cookie)) request.headers.cookie = `${cookie}; sid=${signed(publicId)}`;
  next();
}

/** Signs a value in the way of express-session. */
function signed(id: string): string {
  const signature = createHmac('sha256', process.env.SESSION_SECRET!).update(id).digest('base64').replace(/=+$/, '');
  return encodeURIComponent(`s:${id}.${signature}`);
}
