import fc from 'fast-check';
import { applyDelta, computeDelta, isEmptyDelta } from '../../src/merge/delta.js';
import { ChangedValues, differingKeys, type EncodedValues } from '../../src/merge/encoded-values.js';

const values = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2', '3'))
  .map((entries) => new Map(Object.entries(entries)));

/** All that values hold, as a plain map. */
const all = (held: EncodedValues) => new Map(Array.from(held.keys(), (key) => [key, held.get(key)]));

describe('delta', () => {
  it('of equal values is empty, and applying an empty delta changes nothing', () => {
    fc.assert(
      fc.property(values, values, (base, current) => {
        const delta = computeDelta(base, new Map(base));
        expect(isEmptyDelta(delta)).toBe(true);
        expect(applyDelta(current, delta, base)).toBe(current);
      }),
    );
  });

  it('leads from the base to what the session holds', () => {
    fc.assert(
      fc.property(values, values, (base, mine) => {
        expect(all(applyDelta(base, computeDelta(base, mine), base))).toEqual(mine);
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

describe('values that have texts at hand', () => {
  /** The texts at hand are of another form than the encoded ones, which are counted. */
  class AtHand extends Map<string, string> {
    encoded = 0;
    override get(key: string): string | undefined {
      this.encoded++;
      return super.get(key)?.trim();
    }
    textAtHand(key: string): string | undefined {
      return super.get(key);
    }
  }

  it('are not encoded if those are equal', () => {
    const [left, right] = [new AtHand([['a', ' 1']]), new AtHand([['a', ' 1']])];
    expect(differingKeys(left, right)).toEqual([]);
    expect(differingKeys(ChangedValues.of(left, new Map([['b', '2']])), right)).toEqual(['b']);
    expect([left.encoded, right.encoded]).toEqual([0, 1]);
  });

  it('are compared by their encoded texts otherwise', () => {
    const held = new AtHand([['a', ' 1']]);
    expect(differingKeys(held, new AtHand([['a', '1 ']]))).toEqual([]);
    expect(differingKeys(held, new AtHand([['a', ' 2']]))).toEqual(['a']);
    expect(differingKeys(held, new Map([['a', '1']]))).toEqual([]);
    expect(differingKeys(held, new Map([['a', ' 1']]))).toEqual(['a']);
    expect(differingKeys(ChangedValues.of(held, new Map([['a', '2']])), new AtHand([['a', ' 1']]))).toEqual(['a']);
    expect(differingKeys(ChangedValues.of(new Map([['a', '1']]), new Map([['b', '2']])), held)).toEqual(['b']);
  });
});

describe('changed values', () => {
  const changes = fc
    .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined }))
    .map((entries) => new Map(Object.entries(entries)));
  /** What the changes mean, by a map. */
  const changed = (held: ReadonlyMap<string, string>, ...several: ReadonlyMap<string, string | undefined>[]) => {
    const result = new Map(held);
    for (const [key, text] of several.flatMap((one) => [...one])) {
      if (text === undefined) result.delete(key);
      else result.set(key, text);
    }
    return result;
  };

  it('hold what a changed map would hold, also when they are changed again', () => {
    fc.assert(
      fc.property(values, changes, changes, (origin, first, second) => {
        const held = ChangedValues.of(ChangedValues.of(origin, first), second);
        const expected = changed(origin, first, second);
        expect(all(held)).toEqual(expected);
        for (const key of ['a', 'b', 'c', 'd']) expect(held.has(key)).toBe(expected.has(key));
      }),
    );
  });

  it('differ where maps of the same content differ, whether they come of the same values or not', () => {
    fc.assert(
      fc.property(values, values, changes, changes, fc.boolean(), (origin, other, first, second, isSame) => {
        const origins = [origin, isSame ? origin : other] as const;
        const [left, right] = [changed(origins[0], first), changed(origins[1], second)];
        const expected = ['a', 'b', 'c', 'd'].filter((key) => left.get(key) !== right.get(key));
        expect(differingKeys(ChangedValues.of(origins[0], first), ChangedValues.of(origins[1], second)).toSorted()).toEqual(expected);
      }),
    );
  });

  it('are a map of their own when there are many', () => {
    const key = (n: number) => `key${n}`;
    const origin = new Map([
      ['gone', '1'],
      ['kept', '2'],
    ]);
    const many = new Map<string, string | undefined>(Array.from({ length: 65 }, (_, n) => [key(n), '3']));
    const held = ChangedValues.of(ChangedValues.of(origin, new Map([['gone', undefined]])), many);
    expect(held).toBeInstanceOf(Map);
    expect(all(held)).toEqual(changed(origin, new Map([['gone', undefined]]), many));
  });
});
