import { isObject } from './option-checks.js';

/** A header that carries the session's signed id in both directions. */
export interface HeaderTransport {
  /** The name of the header, such as `authorization`. */
  readonly header: string;
  /** The word before the signed id, such as `Session`. Needed for `authorization`. */
  readonly scheme?: string;
}

/** How a session's signed id travels: in the cookie, in a header, or as each request chooses. */
export type TransportOption = 'cookie' | HeaderTransport | readonly ('cookie' | HeaderTransport)[];

/** The resolved option. */
export interface Transport {
  readonly takesCookies: boolean;
  readonly header?: HeaderTransport | undefined;
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** Headers that Node, proxies or the module need for themselves. */
const TAKEN = /^(cookie|set-cookie|host|connection|upgrade|te|trailer|transfer-encoding|content-.*|vary|cache-control)$/i;

/** Whether a value says how the signed id travels. */
export function isTransport(given: unknown): boolean {
  const ways: unknown[] = Array.isArray(given) ? given : [given];
  const headers = ways.filter((way) => way !== 'cookie');
  return ways.length > 0 && headers.length <= 1 && headers.every(isHeader);
}

/** Returns the resolved option. */
export function resolveTransport(given: TransportOption): Transport {
  const ways = [given].flat() as ('cookie' | HeaderTransport)[];
  const header = ways.find((way) => way !== 'cookie');
  // Node writes the names of a request's headers in lower case.
  return Object.freeze({ takesCookies: ways.includes('cookie'), header: header && { ...header, header: header.header.toLowerCase() } });
}

function isHeader(given: unknown): boolean {
  if (!isObject(given)) return false;
  const { header, scheme } = given;
  if (typeof header !== 'string' || !TOKEN.test(header) || TAKEN.test(header)) return false;
  if (scheme === undefined) return header.toLowerCase() !== 'authorization';
  return typeof scheme === 'string' && TOKEN.test(scheme);
}
