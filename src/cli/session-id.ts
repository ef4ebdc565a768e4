/** The value of a cookie that express-session has signed. */
const SIGNED = /^s:(.+)\.[^.]+$/;

/** A signed value with the name of its cookie, as in the header Cookie. */
const NAMED = /^[^=;\s]+=(s(?::|%3a).*)$/i;

/** Returns the session id from a session id, from the value of its cookie, or from the cookie with its name. */
export function sessionIdIn(given: string): string {
  const value = NAMED.exec(given)?.[1] ?? given;
  const decoded = /^s%3a/i.test(value) ? decodeURIComponent(value) : value;
  return SIGNED.exec(decoded)?.[1] ?? decoded;
}
