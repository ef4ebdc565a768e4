/** Returns the text of the first cookie of a name in a request's `Cookie` header, or undefined if there is none. */
export function requestCookie(header: string | undefined, name: string): string | undefined {
  const start = `${name}=`;
  return header
    ?.split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(start))
    ?.slice(start.length);
}

/**
 * Finds a signed cookie in a request's `Cookie` header.
 *
 * @returns its decoded value, which begins with `s:`; undefined if there is no such cookie, or the first one is not signed
 */
export function signedCookie(header: string | undefined, name: string): string | undefined {
  const text = requestCookie(header, name);
  const value = text === undefined ? undefined : decoded(text);
  return value?.startsWith('s:') ? value : undefined;
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
