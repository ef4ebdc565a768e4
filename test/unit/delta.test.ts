import fc from 'fast-check';
import { applyDelta, computeDelta, isEmptyDelta } from '../../src/merge/delta.js';

const values = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2', '3'))
  .map((entries) => new Map(Object.entries(entries)));

describe('delta', () => {
  it('of equal values is empty, and applying an empty delta changes nothing', () => {
    fc.assert(
      fc.property(values, values, (base, current) => {
        const delta = computeDelta(base, new Map(base));
        expect(isEmptyDelta(delta)).toBe(true);
        expect(applyDelta(current, delta, base)).toEqual(current);
      }),
    );
  });

  it('leads from the base to what the session holds', () => {
    fc.assert(
      fc.property(values, values, (base, mine) => {
        expect(applyDelta(base, computeDelta(base, mine), base)).toEqual(mine);
      }),
    );
  });

  it('keeps every key that others changed and this request did not', () => {
    fc.assert(
      fc.property(values, values, values, (base, mine, current) => {
        const delta = computeDelta(base, mine);
        const merged = applyDelta(current, delta, base);
        for (const key of ['a', 'b', 'c', 'd']) {
          const touched = delta.set.has(key) || delta.deleted.has(key);
          expect(merged.get(key)).toBe(touched ? mine.get(key) : current.get(key));
        }
      }),
    );
  });

  it('does not delete a stored key that the session could not hold', () => {
    const delta = computeDelta(new Map([['toString', '1']]), new Map(), (key) => key !== 'toString');
    expect(isEmptyDelta(delta)).toBe(true);
  });
});
