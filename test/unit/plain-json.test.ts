import fc from 'fast-check';
import { canonicalJson, isCanonical } from '../../src/codec/canonical-json.js';
import { copyOf, isAsParsed, isDeeperThan } from '../../src/codec/plain-json.js';

const parsed = fc.json({ maxDepth: 4 }).map((text) => JSON.parse(text) as unknown);

/** The canonical text by another way: each object is written member by member, its names in JavaScript's order of sorted ones. */
function reference(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(reference).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isIndex = (name: string) => String(Number(name) >>> 0) === name && Number(name) < 2 ** 32 - 1;
  const names = Object.keys(value).toSorted();
  const ordered = [...names.filter(isIndex).toSorted((a, b) => Number(a) - Number(b)), ...names.filter((name) => !isIndex(name))];
  return `{${ordered.map((name) => `${JSON.stringify(name)}:${reference((value as Record<string, unknown>)[name])}`).join(',')}}`;
}

describe('what was parsed from JSON', () => {
  it('is copied whole, and the copy is as parsed', () => {
    fc.assert(
      fc.property(parsed, (value) => {
        const copy = copyOf(value);
        expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
        expect(isAsParsed(copy, value)).toBe(true);
      }),
    );
  });

  it('is copied deeply, and a name `__proto__` reaches nothing', () => {
    const value = JSON.parse('{"a":[{"b":1}],"c":{"__proto__":{"x":1}}}') as any;
    const copy = copyOf(value);
    copy.a[0].b = 2;
    expect(value.a[0].b).toBe(1);
    expect(JSON.stringify(copy.c)).toBe('{"__proto__":{"x":1}}');
    expect(copy.c.x).toBeUndefined();
    expect(isAsParsed(copyOf(value), value)).toBe(true);
    expect(isAsParsed({ ...copyOf(value), c: {} }, value)).toBe(false);
  });

  it('is told from any other value', () => {
    fc.assert(
      fc.property(parsed, parsed, (value, other) => {
        expect(isAsParsed(value, other)).toBe(reference(value) === reference(other));
      }),
    );
  });

  it.each<[string, (value: any) => unknown]>([
    ['a changed member', (value) => (value.a.b = 2)],
    ['a member more', (value) => (value.a.c = 1)],
    ['a member less', (value) => delete value.a.b],
    ['another name', (value) => (value.a = { c: 1 })],
    ['an item more', (value) => value.list.push(1)],
    ['an item taken out of its place', (value) => delete value.list[0]],
    [
      'items that are no longer there',
      (value) => {
        value.list.length = 0;
        value.list.length = 2;
      },
    ],
    ['items in another order', (value) => value.list.splice(0, 2, 2, 1)],
    ['an array for an object', (value) => (value.a = [])],
    ['a function', (value) => (value.a.b = () => 1)],
    ['a function more', (value) => (value.a.f = () => 1)],
    ['undefined', (value) => (value.a.b = undefined)],
    ['a number for its text', (value) => (value.text = 1)],
    ['a date for its text', (value) => (value.text = new Date(0))],
    ['an object that says itself what it is', (value) => (value.a.toJSON = () => ({ b: 2 }))],
    [
      'an instance of a class',
      (value) =>
        (value.a = new (class {
          b = 1;
        })()),
    ],
    ['a map', (value) => (value.empty = new Map([[1, 1]]))],
    ['a cycle', (value) => (value.a.b = value)],
  ])('is no more what it was with %s', (_name, change) => {
    const value = JSON.parse('{"a":{"b":1},"list":[1,2],"text":"1","empty":{}}') as unknown;
    const live = copyOf(value);
    change(live);
    expect(isAsParsed(live, value)).toBe(false);
  });

  it('is measured in depth', () => {
    expect(isDeeperThan(1, { a: 1 })).toBe(false);
    expect(isDeeperThan(1, { a: [] })).toBe(true);
    expect(isDeeperThan(0, 'text')).toBe(false);
  });
});

describe('canonical JSON', () => {
  it('is one text for equal values, whatever the order of names', () => {
    fc.assert(fc.property(parsed, (value) => void expect(canonicalJson(value, 'x')).toBe(reference(value))));
  });

  it.each([
    '{"b":1,"10":2,"9":3}',
    '{"a":1,"B":2}',
    '{"b":{"z":1,"y":2}}',
    '{"4294967296":1,"a":2}',
    '{"a":2,"4294967296":1}',
    '{"1":1,"b":2}',
  ])('is not taken for granted: %s', (text) => {
    const value = JSON.parse(text) as unknown;
    expect(canonicalJson(value, 'x')).toBe(reference(value));
    if (isCanonical(value)) expect(JSON.stringify(value)).toBe(reference(value));
  });

  it('is what JSON makes by itself of what was read from it', () => {
    expect(isCanonical(JSON.parse('{"a":{"b":[1,null,"x",{"y":true,"z":1}]},"b":2}'))).toBe(true);
    for (const other of [() => 1, 1n, Symbol('s'), new Date(), { b: 1, a: 2 }, { a: { toJSON: () => 1 } }])
      expect(isCanonical(other)).toBe(false);
  });
});
