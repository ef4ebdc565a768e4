import expressSession from 'express-session';

/** A `Set-Cookie` by which a browser forgets a session's cookie: only the same domain and path name the same cookie. */
export function clearingCookie(name: string, cookie: object): string {
  const { data = {} } = cookie as { readonly data?: object };
  const cleared = new Cookie({ ...data });
  cleared.expires = new Date(0);
  return cleared.serialize(name, '');
}

/** Its types leave out what it is made of and how it is written. */
const Cookie = expressSession.Cookie as unknown as new (
  attributes: object,
) => InstanceType<typeof expressSession.Cookie> & { serialize(name: string, value: string): string };
