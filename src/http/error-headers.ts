import type { ServerResponse } from 'node:http';

/**
 * Headers that stay valid when an error replaces the answer. All others describe the answer, or make the browser, a cache or a
 * proxy act on it. For example, `X-Accel-Redirect` makes nginx send a file instead of the error.
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

/** The same for headers with a common prefix: CORS, isolation and rate limits. */
const FAMILY_OF_AN_ERROR = /^(access-control|cross-origin|ratelimit|x-ratelimit|x-rate-limit)(-|$)/;

/** Removes all headers that are not known to be valid for an error. */
export function keepErrorHeaders(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    if (!TRUE_OF_AN_ERROR.has(name) && !FAMILY_OF_AN_ERROR.test(name)) response.removeHeader(name);
  }
}
