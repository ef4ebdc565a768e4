import fc from 'fast-check';
import { shrink } from '../src/witness/shrink.js';

const small = fc.integer({ min: 0, max: 30 });

describe('shrink', () => {
  it('keeps exactly what is needed', () => {
    fc.assert(
      fc.property(fc.uniqueArray(small), fc.uniqueArray(small), (items, wanted) => {
        const needed = wanted.filter((item) => items.includes(item));
        const result = shrink(items, (rest) => needed.every((item) => rest.includes(item)));
        expect(new Set(result)).toEqual(new Set(needed));
      }),
    );
  });

  it('leaves nothing that could be left out, whatever it is asked to show', () => {
    const divisors = fc.integer({ min: 2, max: 5 });
    fc.assert(
      fc.property(fc.array(small), divisors, (items, divisor) => {
        const shows = (rest: readonly number[]) =>
          rest.reduce((sum, item) => sum + item, 0) % divisor === items.reduce((sum, item) => sum + item, 0) % divisor;
        const result = shrink(items, shows);
        expect(shows(result)).toBe(true);
        for (const at of result.keys()) expect(shows(result.toSpliced(at, 1))).toBe(false);
      }),
    );
  });
});
