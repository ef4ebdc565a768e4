/** The options that are times, in ms. */
export interface Times {
  readonly ttl?: number | undefined;
  readonly anonymousTtl?: number | undefined;
  readonly absoluteTtl?: number | undefined;
  readonly touchAfter?: number | undefined;
  readonly pruneInterval?: number | false | undefined;
}

const MINUTE = 60_000;
const HOUR_IN_SECONDS = 3600;

/** In ms. A shorter time is probably meant in seconds, or is for a test. */
const SHORTEST: Readonly<Record<string, number>> = {
  ttl: MINUTE,
  anonymousTtl: MINUTE,
  absoluteTtl: MINUTE,
  'cookie.maxAge': MINUTE,
  pruneInterval: 10_000,
  touchAfter: 0,
};

/** Returns a warning for each time that looks like seconds, such as `ttl: 86400`. Other stores take seconds. */
export function warningsOfSeconds(times: Times & { readonly 'cookie.maxAge'?: number | null | undefined }): string[] {
  return Object.keys(SHORTEST).flatMap((option) => {
    const ms = (times as Readonly<Record<string, unknown>>)[option];
    if (typeof ms !== 'number' || !looksLikeSeconds(ms, SHORTEST[option]!)) return [];
    return [`\`${option}\` is ${ms} ms, which is ${ms / 1000} s. If seconds were meant, give ${ms * 1000}.`];
  });
}

/** Whole hours in seconds are not whole minutes in ms, up to 50 hours and mostly beyond. */
function looksLikeSeconds(ms: number, shortest: number): boolean {
  return ms < shortest || (ms % HOUR_IN_SECONDS === 0 && ms % MINUTE !== 0);
}
