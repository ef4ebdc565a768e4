import { append, counter, deep, firstWins, lastWins, union, unionBy, type MergeRule } from '../../src/index.js';
import { refuseConflicts } from '../../src/options/conflicting-options.js';
import { LONGEST_TABLE_NAME } from '../../src/options/longest-values.js';
import { warningsOfSeconds } from '../../src/options/seconds-for-ms.js';
import { isProduction } from '../../src/shared/production.js';

const STRONG = 'kR3v9TqXb7LmN2pW8sYdF4gH6jZcAe1u';
const RIGHT = { secret: [STRONG], name: 'sid', cookie: {}, ttl: 3_600_000, mount: true, exclude: [], merge: new Map() };

/** An app with a rule for the key `user`. */
const ruled = (rule: MergeRule): Partial<Options> => ({ userId: 'user', merge: new Map([['user', rule]]) });

type Options = Parameters<typeof refuseConflicts>[0];

/** Runs `work` with this `NODE_ENV`. */
function within(environment: string, work: () => void): void {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = environment;
  try {
    work();
  } finally {
    process.env.NODE_ENV = NODE_ENV;
  }
}

describe('refuseConflicts', () => {
  it.each<Partial<Options>>([
    {},
    { userId: 'user', maxSessionsPerUser: { max: 1, whenFull: 'deny' } },
    { userId: 'user', anonymousTtl: 3_600_000 },
    { userId: 'user', anonymousTtl: 7_200_000, cookie: { maxAge: 7_200_000 } },
    { userId: 'user', anonymousTtl: 7_200_000, cookie: () => ({}) },
    { mount: false },
    { exclude: ['health'] },
    { secret: [STRONG, 'weak'] },
    { name: '__Host-sid', cookie: () => ({ secure: true }) },
    ruled(lastWins()),
    ruled(firstWins()),
    ruled(({ theirs }) => theirs),
    { ...ruled(lastWins()), mergeDefault: counter() },
    { userId: 'user', mergeDefault: deep() },
    { userId: 'user', merge: new Map([['visits', counter()]]) },
    { userId: () => 'anna', merge: new Map([['user', counter()]]), mergeDefault: counter() },
    { merge: new Map([['user', counter()]]), mergeDefault: counter() },
  ])('accepts %j', (options) => {
    within('production', () => expect(() => refuseConflicts({ ...RIGHT, ...options })).not.toThrow());
  });

  it.each<[Partial<Options>, RegExp]>([
    [{ maxSessionsPerUser: { max: 1, whenFull: 'deny' } }, /`maxSessionsPerUser`: it was given without `userId`/],
    [{ anonymousTtl: 1 }, /`anonymousTtl`: it was given without `userId`/],
    [{ userId: 'user', anonymousTtl: 3_600_001 }, /`ttl` ends every session after 3600000 ms.*at most 3600000/],
    [{ userId: 'user', anonymousTtl: 2, cookie: { maxAge: 1 } }, /`cookie.maxAge` ends every session after 1 ms.*at most 1/],
    [{ mount: false, exclude: ['health'] }, /`exclude`: it was given with `mount: false`/],
    [{ secret: ['weak'] }, /a secret of 4 characters was given in production\./],
    [{ secret: ['weak', STRONG] }, /in production, number 1 of 2\./],
    [ruled(counter()), /`merge`: counter\(\) was given for `user`, the key of `userId`/],
    [ruled(union()), /`merge`: union\(\) was given/],
    [ruled(unionBy('id')), /`merge`: unionBy\('id'\) was given/],
    [ruled(append()), /`merge`: append\(\) was given/],
    [ruled(deep()), /`merge`: deep\(\) was given/],
    [{ userId: 'user', mergeDefault: counter() }, /`mergeDefault`: counter\(\) was given for `user`/],
    [{ name: '__Host-sid' }, /`cookie`: the name begins with __Host-/],
  ])('refuses %j', (options, message) => {
    within('production', () => expect(() => refuseConflicts({ ...RIGHT, ...options })).toThrow(message));
  });

  it('accepts a weak secret outside production', () => {
    within('test', () => expect(() => refuseConflicts({ ...RIGHT, secret: ['weak'] })).not.toThrow());
  });
});

it('isProduction goes by NODE_ENV, each time', () => {
  within('production', () => expect(isProduction()).toBe(true));
  within('development', () => expect(isProduction()).toBe(false));
});

describe('warningsOfSeconds', () => {
  it('names each time that looks like seconds', () => {
    const warnings = warningsOfSeconds({ ttl: 86_400, absoluteTtl: 86_400_000, pruneInterval: 900, touchAfter: 0, 'cookie.maxAge': 3600 });
    expect(warnings.map((line) => /^`(.*?)`/.exec(line)![1])).toEqual(['ttl', 'cookie.maxAge', 'pruneInterval']);
    expect(warnings[0]).toBe('`ttl` is 86400 ms, which is 86.4 s. If seconds were meant, give 86400000.');
  });

  it('passes over what is not a number', () => {
    expect(warningsOfSeconds({ pruneInterval: false, 'cookie.maxAge': null })).toEqual([]);
  });
});

it("the limit of a table's name leaves room for the longest suffix of an index", () => {
  expect(`${'x'.repeat(LONGEST_TABLE_NAME)}_expires_at_index`).toHaveLength(63);
});
