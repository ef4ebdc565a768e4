/**
 * Finds a signed cookie in the header of a request.
 *
 * @returns its decoded value, which begins with `s:`; undefined if the first cookie of that name is not signed, or there is none
 */
export function signedCookie(header: string | undefined, name: string): string | undefined {
  const start = `${name}=`;
  const pair = header?.split(';').map((text) => text.trim()).find((text) => text.startsWith(start));
  const value = pair && decoded(pair.slice(start.length));
  return value?.startsWith('s:') ? value : undefined;
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
