import type { DatabaseContext } from './database-context.js';
import type { Lifetime } from './record.js';

/** A value that no cookie has: a negative max age has passed. */
const NO_MAX_AGE = -1;

type ExpiryRules = Pick<DatabaseContext, 'dialect' | 'absoluteTtl'>;

/**
 * Returns the SQL condition for a live record. It also checks the record's age: its expiry may have been written before there was
 * a limit.
 */
export function isLive({ dialect, absoluteTtl }: ExpiryRules): string {
  const isInTime = `expires_at > ${dialect.now}`;
  return absoluteTtl === undefined ? isInTime : `${isInTime} and created_at > ${dialect.fromNow(`-${absoluteTtl}`)}`;
}

/** Returns the SQL condition for an expired record. */
export function isExpired({ dialect, absoluteTtl }: ExpiryRules): string {
  const isLate = `expires_at <= ${dialect.now}`;
  return absoluteTtl === undefined ? isLate : `(${isLate} or created_at <= ${dialect.fromNow(`-${absoluteTtl}`)})`;
}

/** Returns an expiry, or the end of the record's absolute lifetime if that is earlier. */
export function cappedExpiry({ dialect, absoluteTtl }: ExpiryRules, expiry: string): string {
  return absoluteTtl === undefined ? expiry : dialect.earlier(expiry, dialect.after('created_at', String(absoluteTtl)));
}

/**
 * Returns the column `longest`: the longest life that a record can still have, however often it is used, in ms. Empty if there is
 * no limit.
 */
export function longestColumn({ dialect, absoluteTtl }: ExpiryRules): string {
  return absoluteTtl === undefined ? '' : `, ${dialect.until(`(${dialect.after('created_at', String(absoluteTtl))})`)} as longest`;
}

/** Returns the column `remaining`: how long a record still lives, in ms. */
export function remainingColumn(rules: ExpiryRules): string {
  return `${rules.dialect.until(cappedExpiry(rules, 'expires_at'))} as remaining`;
}

/** The times of a listed record as the database sends them: in ms since 1970, so that no driver or time zone changes them. */
export interface ListedTimes {
  readonly created_ms: unknown;
  readonly updated_ms: unknown;
  readonly expires_ms: unknown;
}

/** Returns the columns of `ListedTimes`. */
export function listedTimes(rules: ExpiryRules): string {
  const { sinceEpoch } = rules.dialect;
  return `${sinceEpoch('created_at')} as created_ms, ${sinceEpoch('updated_at')} as updated_ms, ${sinceEpoch(cappedExpiry(rules, 'expires_at'))} as expires_ms`;
}

/** Returns the dates of a listed record. */
export function datesOf({ created_ms, updated_ms, expires_ms }: ListedTimes): { createdAt: Date; updatedAt: Date; expiresAt: Date } {
  const [createdAt, updatedAt, expiresAt] = [created_ms, updated_ms, expires_ms].map((ms) => new Date(Math.round(Number(ms)))) as [
    Date,
    Date,
    Date,
  ];
  return { createdAt, updatedAt, expiresAt };
}

/** Returns the new expiry. It moves if the lifetime is explicit, or if the stored expiry is earlier than "lifetime less slack" from now. */
export function movedExpiry(rules: ExpiryRules, next: () => string): string {
  const { dialect } = rules;
  // Each parameter is used once, because not every driver can refer to one twice.
  const [isDue, moved] = [`${next()} = 1 or expires_at < ${dialect.fromNow(next())}`, cappedExpiry(rules, dialect.fromNow(next()))];
  return `case when ${isDue} then ${moved} else expires_at end`;
}

/** Returns the parameters of `movedExpiry`. */
export function lifetimeParameters({ ms, slack, explicit }: Lifetime): unknown[] {
  return [explicit ? 1 : 0, ms - slack, ms];
}

/** Returns the lifetime of a new record, in ms. */
export function firstLifetime({ ms }: Lifetime, { absoluteTtl = ms }: ExpiryRules): number {
  return Math.min(ms, absoluteTtl);
}

/** Returns the condition that a record still has this max age. */
export function hasMaxAge(next: () => string): string {
  return `coalesce(max_age, ${NO_MAX_AGE}) = coalesce(${next()}, max_age, ${NO_MAX_AGE})`;
}

/** Returns the parameter of `hasMaxAge`. Null means any max age. */
export function maxAgeParameter({ maxAge }: Pick<Lifetime, 'maxAge'>): number | null {
  return maxAge === undefined ? null : (maxAge ?? NO_MAX_AGE);
}
