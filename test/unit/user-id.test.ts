import fc from 'fast-check';
import { SessionUserIdError } from '../../src/index.js';
import { givenUserId } from '../../src/records/user-id.js';

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
