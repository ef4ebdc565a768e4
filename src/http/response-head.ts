import { validateHeaderValue, type ServerResponse } from 'node:http';
import { invalidHeadersError, invalidStatusError } from './node-errors.js';

/**
 * Does what Node's `writeHead` does before it writes: sets status and headers, and refuses invalid ones.
 *
 * @returns the remaining parameters for `writeHead`
 * @throws RangeError, TypeError with Node's codes
 */
export function applyHead(response: ServerResponse, [status, ...rest]: unknown[]): unknown[] {
  refuseWrongStatus(status);
  const hasMessage = typeof rest[0] === 'string';
  const headers = hasMessage ? rest[1] : (rest[1] ?? rest[0]);
  if (hasMessage) response.statusMessage = rest[0] as string;
  response.statusCode = Number(status) | 0;
  if (Array.isArray(headers)) setFlatHeaders(response, headers);
  else if (headers) for (const [name, value] of Object.entries(headers as object)) if (name) response.setHeader(name, value as string);
  return hasMessage ? [response.statusCode, rest[0]] : [response.statusCode];
}

/** Checks a status and its message immediately. Node would refuse them only when the held call reaches Node. */
export function refuseWrongStatus(status: unknown, message = ''): void {
  const code = Number(status) | 0;
  if (code < 100 || code > 999) throw invalidStatusError(status);
  validateHeaderValue('statusMessage', message);
}

/**
 * Sets headers from alternating names and values, or from pairs. A name may occur twice, and a value may be a list. It replaces the
 * header that was set before.
 */
function setFlatHeaders(response: ServerResponse, headers: unknown[]): void {
  const flat = Array.isArray(headers[0]) ? headers.flat(1) : headers;
  if (flat.length % 2 !== 0) throw invalidHeadersError(headers);
  const names = flat.filter((_, index) => index % 2 === 0) as string[];
  for (const name of names) response.removeHeader(name);
  names.forEach((name, index) => name && response.appendHeader(name, flat[2 * index + 1] as string));
}
