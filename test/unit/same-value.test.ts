import fc from 'fast-check';
import { fingerprints } from '../../src/merge/fingerprint.js';
import { isSameSmall } from '../../src/merge/same-value.js';

/** Whether fingerprints say so; undefined for what they cannot compare. */
function isSame(left: unknown, right: unknown): boolean | undefined {
  const fingerprint = fingerprints();
  try {
    return fingerprint(left) === fingerprint(right);
  } catch {
    return undefined;
  }
}

const values = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withSparseArray: true,
  withNullPrototype: true,
  maxDepth: 3,
});

/** Of few names and values, so that equal ones are made often. */
const alike = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(0, -0, NaN, '', '0', null, undefined, 1n, true),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'length', '__proto__'), tie('value'), { maxKeys: 2, noNullPrototype: true }),
  ),
})).value;

describe('a comparison of small values', () => {
  it.each([
    ['anything', values],
    ['values that are alike', alike],
  ])('says what their fingerprints say, of %s', (_name, some) => {
    fc.assert(
      fc.property(some, some, (left, right) => {
        for (const [one, other] of [
          [left, right],
          [left, structuredCloned(left)],
        ]) {
          const said = isSameSmall(one, other);
          if (said !== undefined) expect(said).toBe(isSame(one, other));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('knows small plain values, and leaves large ones and others to fingerprints', () => {
    const items = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));
    expect(isSameSmall({ a: [1, { b: 'x' }] }, { a: [1, { b: 'x' }] })).toBe(true);
    expect(isSameSmall({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
    expect([
      isSameSmall([1], [2]),
      isSameSmall({ a: 1 }, { b: 1 }),
      isSameSmall({ a: 1 }, { a: 1, b: 2 }),
      isSameSmall([], [1]),
      isSameSmall([], {}),
    ]).toEqual(Array(5).fill(false));
    expect([
      isSameSmall(items(200), items(200)),
      isSameSmall(new Date(0), new Date(0)),
      isSameSmall({}, 1),
      isSameSmall(Object.assign({}, { [Symbol.toStringTag]: 'X' }), {}),
    ]).toEqual(Array(4).fill(undefined));
  });
});

function structuredCloned(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}
