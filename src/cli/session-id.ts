/** A cookie's value as express-session signs it. */
const SIGNED = /^s:(.+)\.[^.]+$/;

/** The session id in what was given: the id itself, or the value of its cookie. */
export function sessionIdIn(given: string): string {
  const decoded = given.startsWith('s%3A') ? decodeURIComponent(given) : given;
  return SIGNED.exec(decoded)?.[1] ?? decoded;
}
