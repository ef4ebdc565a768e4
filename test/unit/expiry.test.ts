import Database from 'better-sqlite3';
import { DIALECTS } from '../../src/dialects/index.js';
import {
  cappedExpiry,
  datesOf,
  firstLifetime,
  hasMaxAge,
  isExpired,
  isLive,
  lifetimeParameters,
  listedTimes,
  longestColumn,
  maxAgeParameter,
  movedExpiry,
  remainingColumn,
  type ListedTimes,
} from '../../src/persistence/expiry.js';

const dialect = DIALECTS.sqlite;
const HOUR = 3_600_000;
const unlimited = { dialect };
const limited = { dialect, absoluteTtl: 24 * HOUR };

/** A row that was created `age` hours ago and expires in `left` hours. */
function rowOf(age: number, left: number, maxAge: number | null = null): string {
  return `(select ${dialect.fromNow(`-${age * HOUR}`)} as created_at, ${dialect.now} as updated_at, ${dialect.fromNow(String(left * HOUR))} as expires_at, ${maxAge} as max_age)`;
}

describe('the expiry of a record', () => {
  const database = new Database(':memory:');
  afterAll(() => database.close());

  const select = (columns: string, row: string, parameters: readonly unknown[] = []) =>
    database.prepare(`select ${columns} from ${row}`).get(...parameters) as Record<string, number>;
  const value = (expression: string, row: string, parameters?: readonly unknown[]) =>
    Object.values(select(`${expression} as value`, row, parameters))[0]!;
  /** In hours from now, exactly: SQLite's time stands still during a statement. */
  const hoursTo = (expression: string, row: string, parameters?: readonly unknown[]) =>
    value(dialect.until(expression), row, parameters) / HOUR;
  const next = () => '?';

  it.each([
    [unlimited, 1, 1, true],
    [unlimited, 1, -1, false],
    [unlimited, 1000, 1, true],
    [limited, 23, 1, true],
    [limited, 25, 1, false],
    [limited, 1, -1, false],
  ])('with the rules %#: after %d h, with %d h left, it is live: %o', (rules, age, left, expected) => {
    expect(Boolean(value(isLive(rules), rowOf(age, left)))).toBe(expected);
    expect(Boolean(value(isExpired(rules), rowOf(age, left)))).toBe(!expected);
  });

  it('is capped by the absolute lifetime', () => {
    expect(hoursTo(cappedExpiry(unlimited, 'expires_at'), rowOf(20, 10))).toBe(10);
    expect(hoursTo(cappedExpiry(limited, 'expires_at'), rowOf(20, 10))).toBe(4);
    expect(hoursTo(cappedExpiry(limited, 'expires_at'), rowOf(20, 2))).toBe(2);
  });

  it('is read as the time that is left, and the time that is left at most', () => {
    const columns = `${remainingColumn(limited)}${longestColumn(limited)}`;
    const { remaining, longest } = select(columns, rowOf(20, 2));
    expect([remaining, longest].map((ms) => ms! / HOUR)).toEqual([2, 4]);
    expect(longestColumn(unlimited)).toBe('');
  });

  it.each([
    ['moves forward beyond the slack', { ms: 5 * HOUR, slack: HOUR, explicit: false }, 3, 5],
    ['stays within the slack', { ms: 5 * HOUR, slack: HOUR, explicit: false }, 4.5, 4.5],
    ['never moves backwards by itself', { ms: 5 * HOUR, slack: HOUR, explicit: false }, 8, 8],
    ['moves backwards when it is explicit', { ms: 5 * HOUR, slack: HOUR, explicit: true }, 8, 5],
  ])('%s', (_, lifetime, left, expected) => {
    expect(hoursTo(movedExpiry(unlimited, next), rowOf(1, left), lifetimeParameters(lifetime))).toBe(expected);
  });

  it('moves no further than the absolute lifetime', () => {
    const lifetime = { ms: 10 * HOUR, slack: 0, explicit: true };
    expect(hoursTo(movedExpiry(limited, next), rowOf(20, 1), lifetimeParameters(lifetime))).toBe(4);
    expect(firstLifetime({ ms: 100 * HOUR, slack: 0, explicit: true }, limited)).toBe(24 * HOUR);
    expect(firstLifetime({ ms: HOUR, slack: 0, explicit: true }, limited)).toBe(HOUR);
    expect(firstLifetime({ ms: 100 * HOUR, slack: 0, explicit: true }, unlimited)).toBe(100 * HOUR);
  });

  it.each([
    [undefined, 5000, true],
    [undefined, null, true],
    [5000, 5000, true],
    [5000, 6000, false],
    [5000, null, false],
    [null, null, true],
    [null, 5000, false],
  ])('a touch for the max age %o finds a record with %o: %o', (maxAge, stored, expected) => {
    const lifetime = { ms: 1, slack: 0, explicit: false, ...(maxAge === undefined ? {} : { maxAge }) };
    expect(Boolean(value(hasMaxAge(next), rowOf(1, 1, stored), [maxAgeParameter(lifetime)]))).toBe(expected);
  });

  it('is listed with the other times, as dates', () => {
    const { createdAt, updatedAt, expiresAt } = datesOf(select(listedTimes(limited), rowOf(20, 10)) as unknown as ListedTimes);
    expect((updatedAt.getTime() - createdAt.getTime()) / HOUR).toBe(20);
    expect((expiresAt.getTime() - updatedAt.getTime()) / HOUR).toBe(4);
  });
});
