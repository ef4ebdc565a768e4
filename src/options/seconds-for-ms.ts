/** The options that are times, in ms. */
export interface Times {
  readonly ttl?: number | undefined;
  readonly absoluteTtl?: number | undefined;
  readonly touchAfter?: number | undefined;
  readonly pruneInterval?: number | false | undefined;
}

const MINUTE = 60_000;
const HOUR_IN_SECONDS = 3600;

/** In ms: a shorter time is a number of seconds, or is for a test. */
const SHORTEST: Readonly<Record<string, number>> = {
  ttl: MINUTE,
  absoluteTtl: MINUTE,
  'cookie.maxAge': MINUTE,
  pruneInterval: 10_000,
  touchAfter: 0,
};

/** Other stores take seconds: warns of times that look like them, such as `ttl: 86400`, one line each. */
export function warningsOfSeconds(times: Times & { readonly 'cookie.maxAge'?: number | null | undefined }): string[] {
  return Object.keys(SHORTEST).flatMap((option) => {
    const ms = (times as Readonly<Record<string, unknown>>)[option];
    if (typeof ms !== 'number' || !looksLikeSeconds(ms, SHORTEST[option]!)) return [];
    return [`\`${option}\` is ${ms} ms, which is ${ms / 1000} s. If seconds were meant, give ${ms * 1000}.`];
  });
}

/** A number of whole hours in seconds is no number of whole minutes in ms, up to 50 hours and mostly beyond. */
function looksLikeSeconds(ms: number, shortest: number): boolean {
  return ms < shortest || (ms % HOUR_IN_SECONDS === 0 && ms % MINUTE !== 0);
}
