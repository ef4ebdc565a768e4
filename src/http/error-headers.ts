import type { ServerResponse } from 'node:http';

/**
 * Headers that stay true when an error takes the answer's place. All others describe the answer, or make the browser,
 * a cache or a proxy act on it: with `X-Accel-Redirect`, nginx sends a file in place of the error.
 */
const TRUE_OF_AN_ERROR: ReadonlySet<string> = new Set([
  'alt-svc',
  'connection',
  'content-security-policy',
  'content-security-policy-report-only',
  'date',
  'expect-ct',
  'keep-alive',
  'nel',
  'origin-agent-cluster',
  'permissions-policy',
  'referrer-policy',
  'report-to',
  'reporting-endpoints',
  'request-id',
  'server',
  'server-timing',
  'strict-transport-security',
  'timing-allow-origin',
  'traceparent',
  'traceresponse',
  'tracestate',
  'vary',
  'via',
  'x-amzn-trace-id',
  'x-content-type-options',
  'x-correlation-id',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-powered-by',
  'x-request-id',
  'x-response-time',
  'x-robots-tag',
  'x-trace-id',
  'x-xss-protection',
]);

/** The same for headers that come in families: CORS, isolation, limits of rate. */
const FAMILY_OF_AN_ERROR = /^(access-control|cross-origin|ratelimit|x-ratelimit|x-rate-limit)(-|$)/;

/** Removes the headers that are not known to be true of an error. */
export function keepErrorHeaders(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    if (!TRUE_OF_AN_ERROR.has(name) && !FAMILY_OF_AN_ERROR.test(name)) response.removeHeader(name);
  }
}
