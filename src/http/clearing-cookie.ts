import expressSession from 'express-session';

/** Returns a `Set-Cookie` that deletes a session's cookie in the browser. Domain and path must be those of the cookie. */
export function clearingCookie(name: string, cookie: object): string {
  const { data = {} } = cookie as { readonly data?: object };
  const cleared = new Cookie({ ...data });
  cleared.expires = new Date(0);
  return cleared.serialize(name, '');
}

/** express-session's types declare neither the constructor nor `serialize`. */
const Cookie = expressSession.Cookie as unknown as new (
  attributes: object,
) => InstanceType<typeof expressSession.Cookie> & { serialize(name: string, value: string): string };
