import type { DatabaseContext } from './database-context.js';
import type { Lifetime } from './session.repository.js';

/** No cookie has it: a max age below zero has passed. */
const NO_MAX_AGE = -1;

type ExpiryRules = Pick<DatabaseContext, 'dialect' | 'absoluteTtl'>;

/** Whether a record is live, in SQL. Its age is asked too, for its expiry may have been written before there was a limit. */
export function isLive({ dialect, absoluteTtl }: ExpiryRules): string {
  const isInTime = `expires_at > ${dialect.now}`;
  return absoluteTtl === undefined ? isInTime : `${isInTime} and created_at > ${dialect.fromNow(`-${absoluteTtl}`)}`;
}

/** Whether a record is not live any more, in SQL. */
export function isExpired({ dialect, absoluteTtl }: ExpiryRules): string {
  const isLate = `expires_at <= ${dialect.now}`;
  return absoluteTtl === undefined ? isLate : `(${isLate} or created_at <= ${dialect.fromNow(`-${absoluteTtl}`)})`;
}

/** An expiry, or the end of the record's absolute lifetime where that comes first. */
export function cappedExpiry({ dialect, absoluteTtl }: ExpiryRules, expiry: string): string {
  return absoluteTtl === undefined ? expiry : dialect.earlier(expiry, dialect.after('created_at', String(absoluteTtl)));
}

/** How many ms a record can live at most, however often it is used, as `longest` for a list of columns; nothing where there is no limit. */
export function longestColumn({ dialect, absoluteTtl }: ExpiryRules): string {
  return absoluteTtl === undefined ? '' : `, ${dialect.until(`(${dialect.after('created_at', String(absoluteTtl))})`)} as longest`;
}

/** How many ms a record lives, as `remaining` for a list of columns. */
export function remainingColumn(rules: ExpiryRules): string {
  return `${rules.dialect.until(cappedExpiry(rules, 'expires_at'))} as remaining`;
}

/** The times of a listed record, as the database sends them: in ms since 1970, which no driver or time zone changes. */
export interface ListedTimes {
  readonly created_ms: unknown;
  readonly updated_ms: unknown;
  readonly expires_ms: unknown;
}

/** `ListedTimes` for a list of columns. */
export function listedTimes(rules: ExpiryRules): string {
  const { sinceEpoch } = rules.dialect;
  return `${sinceEpoch('created_at')} as created_ms, ${sinceEpoch('updated_at')} as updated_ms, ${sinceEpoch(cappedExpiry(rules, 'expires_at'))} as expires_ms`;
}

/** The dates of a listed record. */
export function datesOf({ created_ms, updated_ms, expires_ms }: ListedTimes): { createdAt: Date; updatedAt: Date; expiresAt: Date } {
  const [createdAt, updatedAt, expiresAt] = [created_ms, updated_ms, expires_ms].map((ms) => new Date(Math.round(Number(ms)))) as [
    Date,
    Date,
    Date,
  ];
  return { createdAt, updatedAt, expiresAt };
}

/** The expiry moves when this is explicit, or when it lies before "lifetime less slack" from now. */
export function movedExpiry(rules: ExpiryRules, next: () => string): string {
  const { dialect } = rules;
  // Every parameter stands once: not every driver can refer to one twice.
  const [isDue, moved] = [`${next()} = 1 or expires_at < ${dialect.fromNow(next())}`, cappedExpiry(rules, dialect.fromNow(next()))];
  return `case when ${isDue} then ${moved} else expires_at end`;
}

/** What `movedExpiry` asks for. */
export function lifetimeParameters({ ms, slack, explicit }: Lifetime): unknown[] {
  return [explicit ? 1 : 0, ms - slack, ms];
}

/** How many ms a new record lives. */
export function firstLifetime({ ms }: Lifetime, { absoluteTtl = ms }: ExpiryRules): number {
  return Math.min(ms, absoluteTtl);
}

/** Whether a record has this max age still. */
export function hasMaxAge(next: () => string): string {
  return `coalesce(max_age, ${NO_MAX_AGE}) = coalesce(${next()}, max_age, ${NO_MAX_AGE})`;
}

/** What `hasMaxAge` asks for: null means any. */
export function maxAgeParameter({ maxAge }: Lifetime): number | null {
  return maxAge === undefined ? null : (maxAge ?? NO_MAX_AGE);
}
