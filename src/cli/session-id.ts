/** The value of a cookie that express-session has signed. */
const SIGNED = /^s:(.+)\.[^.]+$/;

/** Returns the session id from a session id or from the value of its cookie. */
export function sessionIdIn(given: string): string {
  const decoded = given.startsWith('s%3A') ? decodeURIComponent(given) : given;
  return SIGNED.exec(decoded)?.[1] ?? decoded;
}
