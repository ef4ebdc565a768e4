import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a browser has sent the request from a page of the same origin. A cookie with `SameSite` does not tell, because a subdomain is
 * of the same site. Without both headers, the answer is no.
 */
export function isSameOrigin({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return site === 'same-origin';
  return host !== undefined && origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
