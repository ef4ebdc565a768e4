import fc from 'fast-check';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { SessionNotSerializableError, SessionUserIdError, type SmartSessionModuleOptions } from '../../src/index.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { givenUserId, longestUnused, userIdIfKnown, userIdOf } from '../../src/records/user-id.js';

const ids = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withBoxedValues: true, withNullPrototype: true, withMap: true }),
  fc.double(),
  fc.maxSafeInteger(),
  fc.bigInt(),
  fc.string({ unit: 'binary' }),
  fc.maxSafeInteger().map(String),
);

describe('a user id', () => {
  it('is a text, a whole number or a bigint, as its decimal text, or refused', () => {
    fc.assert(
      fc.property(ids, (given) => {
        let text: string | undefined;
        try {
          text = givenUserId('list', given);
        } catch (error) {
          expect(error).toBeInstanceOf(SessionUserIdError);
        }
        if (typeof given === 'string') return void expect([undefined, given]).toContain(text);
        if (typeof given === 'bigint' || Number.isSafeInteger(given)) return void expect(BigInt(text!)).toBe(BigInt(given as bigint));
        expect(text).toBeUndefined();
      }),
    );
  });
});

describe('the user of a session', () => {
  const codec = new SessionCodec(new SmartSessionOptions({ secret: 'x' }));
  const values = (session: object) => codec.encodeValues(session);
  const find = (session: object, userId?: unknown) => userIdOf(values(session), { userId: userId as SmartSessionOptions['userId'] }, codec);

  it('stands under the key of the option', () => {
    expect(find({ userId: 'ann', other: 'bob' }, 'other')).toBe('bob');
    expect(find({ n: 42 }, 'n')).toBe('42');
  });

  it('is what the function of the option returns', () => {
    expect(find({ user: { id: 7 } }, (session: { user: { id: number } }) => session.user.id)).toBe('7');
    expect(find({}, () => 2n ** 70n)).toBe(String(2n ** 70n));
  });

  it.each([undefined, null, ''])('is none for %o', (id) => {
    expect(find({ userId: id }, 'userId')).toBeNull();
    expect(find({}, () => id)).toBeNull();
  });

  it('is none where the option is not set, or its key is not there', () => {
    expect(find({ userId: 'ann' })).toBeNull();
    expect(find({ userId: 'ann' }, 'user')).toBeNull();
  });

  it.each([
    ['an object', { id: 1 }, 'an object'],
    ['a list', ['ann'], 'an array'],
    ['a boolean', true, 'a boolean'],
    ['a fraction', 1.5, 'not whole'],
    ['too large a number', 2 ** 53, '2^53'],
    ['a NUL', 'a\0b', 'NUL'],
    ['half a character', '\ud800', 'Unicode'],
    ['256 characters', 'a'.repeat(256), '256 characters'],
  ])('is refused when it is %s', (_, id, message) => {
    expect(() => find({ userId: 1 }, () => id)).toThrow(SessionNotSerializableError);
    expect(() => find({ userId: 1 }, () => id)).toThrow(message);
  });

  it('is refused when the function throws or returns a promise, whose rejection is ignored', () => {
    const failure = new TypeError('no user');
    const throwing = () => {
      throw failure;
    };
    expect(() => find({}, throwing)).toThrow(SessionNotSerializableError);
    expect(() => find({}, throwing)).toThrow(expect.objectContaining({ cause: failure }) as Error);
    expect(() => find({}, () => Promise.reject(failure))).toThrow('a promise');
  });

  it('is not known where it is refused, so that the session can still be ended', () => {
    const options = { userId: (() => ({})) as unknown } as Pick<SmartSessionModuleOptions, 'userId'> as SmartSessionOptions;
    expect(userIdIfKnown(values({}), options, codec)).toBeUndefined();
    expect(userIdIfKnown(values({ u: 'ann' }), { userId: 'u' } as SmartSessionOptions, codec)).toBe('ann');
    expect(userIdIfKnown(values({}), { userId: 'u' } as SmartSessionOptions, codec)).toBeNull();
  });

  it('limits how long a session lives unused only where there is certainly none', () => {
    expect(longestUnused(null, { anonymousTtl: 1000 })).toBe(1000);
    expect(longestUnused('ann', { anonymousTtl: 1000 })).toBe(Infinity);
    expect(longestUnused(undefined, { anonymousTtl: 1000 })).toBe(Infinity);
    expect(longestUnused(null, {} as SmartSessionOptions)).toBe(Infinity);
  });
});
