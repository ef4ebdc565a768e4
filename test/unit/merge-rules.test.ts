import fc from 'fast-check';
import { DELETED, append, counter, deep, firstWins, lastWins, union, unionBy, type MergeRule, type MergeSides } from '../../src/index.js';

/** Its text does not say all that it holds. */
class Rounded {
  readonly #cents = 101;
  toString(): string {
    return String(Math.round(this.#cents / 100));
  }
}

const cycle: unknown[] = [];
cycle.push(cycle);

/** Marks a side, or a result, that is absent. */
const absent = DELETED;

type Row = readonly [base: unknown, theirs: unknown, mine: unknown, result: unknown];

function sidesOf(base: unknown, theirs: unknown, mine: unknown): MergeSides {
  const sides = Object.entries({ base, theirs, mine }).filter(([, value]) => value !== absent);
  return { key: 'k', ...Object.fromEntries(sides) };
}

function merge(rule: MergeRule, base: unknown, theirs: unknown, mine: unknown): unknown {
  return rule(sidesOf(base, theirs, mine));
}

const item = (id: string, fields: object = {}) => ({ id, ...fields });
const [A, B, C] = [item('a'), item('b'), item('c')];

const TABLES: [name: string, rule: MergeRule, rows: Row[]][] = [
  [
    'lastWins()',
    lastWins(),
    [
      ['a', 'b', 'c', 'c'],
      ['a', 'b', absent, absent],
      ['a', absent, 'c', 'c'],
      [absent, 'b', 'c', 'c'],
      [1, 2, undefined, undefined],
    ],
  ],
  [
    'firstWins()',
    firstWins(),
    [
      ['a', 'b', 'c', 'b'],
      ['a', 'b', absent, 'b'],
      ['a', absent, 'c', absent],
      [absent, 'b', 'c', 'b'],
    ],
  ],
  [
    'counter()',
    counter(),
    [
      [5, 6, 7, 8],
      [absent, 1, 1, 2],
      [5, 6, absent, 1],
      [5, absent, 6, 1],
      [5, absent, absent, absent],
      [5, 3, 4, 2],
      [5n, 6n, 7n, 8n],
      [absent, 1n, 2n, 3n],
      [0, 1n, 2n, 3n],
      [9007199254740988, 9007199254740989, 9007199254740990, 9007199254740991],
    ],
  ],
  [
    'union()',
    union(),
    [
      [['a'], ['a', 'b'], ['a', 'c'], ['a', 'b', 'c']],
      [['a', 'b'], ['b'], ['a', 'b', 'c'], ['b', 'c']],
      [absent, ['a'], ['a', 'b'], ['a', 'b']],
      [['a'], ['a', 'b'], absent, ['b']],
      [['a'], absent, ['a', 'b'], ['b']],
      [['a'], absent, absent, absent],
      [['a'], [], absent, absent],
      [['a', 'b'], ['a'], ['b'], []],
      [[{ x: 1 }], [{ x: 1 }, { y: 1, z: 2 }], [{ x: 1 }, { z: 2, y: 1 }], [{ x: 1 }, { y: 1, z: 2 }]],
      [[], ['a', 'a'], ['a'], ['a']],
      [new Set(['a']), new Set(['a', 'b']), new Set(['c']), new Set(['b', 'c'])],
      [[1, '1', null], [1, '1', null, 'null'], [1], [1, 'null']],
    ],
  ],
  [
    "unionBy('id')",
    unionBy('id', { sum: counter() }),
    [
      [[A], [A, B], [A, C], [A, B, C]],
      [[], [{ id: 1 }, { id: 1n }], [{ id: '1' }], [{ id: 1 }, { id: 1n }, { id: '1' }]],
      [[A, B], [B], [A, B, C], [B, C]],
      [[item('a', { n: 1, m: 1 })], [item('a', { n: 2, m: 1 })], [item('a', { n: 1, m: 2 })], [item('a', { n: 2, m: 2 })]],
      [[item('a', { n: 1 })], [item('a', { n: 2 })], [item('a', { n: 3 })], [item('a', { n: 3 })]],
      [[item('a', { sum: 1 })], [item('a', { sum: 2 })], [item('a', { sum: 3 })], [item('a', { sum: 4 })]],
      [absent, [item('a', { sum: 1 })], [item('a', { sum: 1 })], [item('a', { sum: 2 })]],
      [[A], [item('a', { n: 2 })], [], []],
      [[A], [], [item('a', { n: 2 })], []],
      [[A], [A, B], absent, [B]],
      [[A], absent, [A, B], [B]],
      [[A], absent, absent, absent],
      [
        [item('a', { in: { x: 1 } })],
        [item('a', { in: { x: 1, y: 1 } })],
        [item('a', { in: { x: 1, z: 1 } })],
        [item('a', { in: { x: 1, y: 1, z: 1 } })],
      ],
    ],
  ],
  [
    'append()',
    append(),
    [
      [[new Date(0)], [new Date(0), 'b'], [new Date(0), 'c'], [new Date(0), 'b', 'c']],
      [['a'], ['a', 'b'], ['a', 'c'], ['a', 'b', 'c']],
      [absent, ['a'], ['a'], ['a', 'a']],
      [['a'], ['a', 'b'], absent, ['b']],
      [['a'], absent, ['a', 'b'], ['b']],
      [['a'], absent, absent, absent],
      [['a'], ['b'], ['a', 'c'], ['b', 'c']],
      [['a'], ['b'], absent, ['b']],
    ],
  ],
  [
    'deep()',
    deep(),
    [
      [
        { a: 1, b: 1 },
        { a: 2, b: 1 },
        { a: 1, b: 2 },
        { a: 2, b: 2 },
      ],
      [{ a: 1, b: 1 }, { b: 1 }, { a: 1, b: 1, c: 1 }, { b: 1, c: 1 }],
      [{ a: 1 }, { a: 2 }, { a: 3 }, { a: 3 }],
      [{ a: [1] }, { a: [1, 2] }, { a: [1, 3] }, { a: [1, 3] }],
      [{ a: 1 }, { a: 2 }, absent, absent],
      [{ a: 1 }, absent, { a: 2 }, { a: 2 }],
      [absent, { a: { x: 1 } }, { a: { y: 1 } }, { a: { x: 1, y: 1 } }],
      ['text', { a: 1 }, { b: 1 }, { a: 1, b: 1 }],
      [{ a: 1 }, 'text', { a: 2 }, { a: 2 }],
      [{ a: { x: 1 } }, {}, { a: { x: 2 } }, { a: { x: 2 } }],
      [{ a: new Date(1) }, { a: new Date(2), b: 1 }, { a: new Date(1), c: 1 }, { a: new Date(2), b: 1, c: 1 }],
      [{ a: new Map([[1, 1]]) }, { a: new Map([[1, 2]]) }, { a: new Map([[1, 1]]), b: 1 }, { a: new Map([[1, 2]]), b: 1 }],
      [
        { a: new Uint8Array([1]).buffer },
        { a: new Uint8Array([2]).buffer },
        { a: new Uint8Array([1]).buffer, b: 1 },
        { a: new Uint8Array([2]).buffer, b: 1 },
      ],
      [{ a: new URL('http://a/') }, { a: new URL('http://b/') }, { a: new URL('http://a/'), b: 1 }, { a: new URL('http://b/'), b: 1 }],
      [{ a: 1n }, { a: 2n }, { a: 1n, b: 1 }, { a: 2n, b: 1 }],
      [{ a: -0 }, { a: 0 }, { a: -0, b: 1 }, { a: 0, b: 1 }],
      [{ a: 'x' }, { a: 'y' }, { a: 'x', b: undefined }, { a: 'y', b: undefined }],
      [{ a: new Set([1]) }, { a: new Set([2]) }, { a: new Set([1]), b: 1 }, { a: new Set([2]), b: 1 }],
      [
        { a: new DataView(new ArrayBuffer(1)) },
        { a: new DataView(new ArrayBuffer(2)) },
        { a: new DataView(new ArrayBuffer(1)), b: 1 },
        { a: new DataView(new ArrayBuffer(2)), b: 1 },
      ],
      [{ a: /a/ }, { a: /b/ }, { a: /a/, b: 1 }, { a: /b/, b: 1 }],
    ],
  ],
  [
    'deep() with rules for paths',
    deep({ 'a.n': counter(), 'clicks.*': counter(), tags: union(), '*.last': firstWins() }),
    [
      [{ a: { n: 1 } }, { a: { n: 2 } }, { a: { n: 3 } }, { a: { n: 4 } }],
      [{}, { clicks: { x: 1 } }, { clicks: { x: 1, y: 1 } }, { clicks: { x: 2, y: 1 } }],
      [{ tags: [1] }, { tags: [1, 2] }, { tags: [3] }, { tags: [2, 3] }],
      [{ b: { last: 1 } }, { b: { last: 2 } }, { b: { last: 3 } }, { b: { last: 2 } }],
      [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 3 }],
    ],
  ],
];

describe.each(TABLES)('%s', (_name, rule, rows) => {
  it.each(rows)('base %o, theirs %o, mine %o: %o', (base, theirs, mine, result) => {
    expect(merge(rule, base, theirs, mine)).toStrictEqual(result);
  });
});

describe('a merge rule', () => {
  it('takes no more time for shared references and depth than they are large', () => {
    const shared = (leaf: number) => {
      let value: unknown = { leaf };
      for (let level = 0; level < 60; level++) value = { left: value, right: value };
      return value;
    };
    const nested = (leaf: unknown) => {
      let value: unknown = leaf;
      for (let level = 0; level < 800; level++) value = { inner: value, list: Array.from({ length: 100 }, (_, n) => n) };
      return value;
    };
    expect(merge(union(), [shared(1)], [shared(1), shared(2)], [shared(2), shared(3)])).toHaveLength(2);
    expect(merge(deep(), nested({}), nested({ a: 1 }), nested({ b: 1 }))).toEqual(nested({ a: 1, b: 1 }));
    const inTwoPlaces = (sides: object) => {
      let value: object = sides;
      for (let level = 0; level < 60; level++) value = { left: value, right: value };
      return value as { left: unknown; right: unknown };
    };
    const merged = merge(deep({ top: counter() }), inTwoPlaces({}), inTwoPlaces({ a: 1 }), inTwoPlaces({ b: 1 })) as {
      left: Record<string, unknown>;
    };
    expect(merged.left.left).toBe(merged.left.right);
  });

  it('takes a name `constructor` for one like any other', () => {
    const odd = (n: number) => ({ constructor: { name: { toString: n } } });
    expect(merge(deep(), odd(1), odd(2), { ...odd(1), b: 1 })).toEqual({ ...odd(2), b: 1 });
  });

  it('gives undefined where a side has it', () => {
    expect(merge(deep({ a: lastWins() }), { a: 1 }, { a: 2 }, { a: undefined })).toStrictEqual({ a: undefined });
  });

  it('tells values apart that look alike', () => {
    expect(merge(union(), [], [Buffer.from('a'), []], [new Uint8Array([97]), Array(1)])).toHaveLength(4);
  });

  it.each<[rule: MergeRule, row: readonly unknown[], message: string]>([
    [counter(), [1, 'two', 3], 'counter() adds finite numbers; theirs is of type string.'],
    [counter(), [1, 2, NaN], 'mine is NaN'],
    [counter(), [0, 1e308, 1e308], 'the sum is Infinity'],
    [union(), [[], [cycle], []], 'A value with a cycle cannot be compared'],
    [counter(), [1, 2n, 3], 'numbers or bigints, not both. One side is a number'],
    [union(), [[], 'b', []], 'union() merges lists; theirs is a string.'],
    [append(), [[], [], null], 'append() merges lists; mine is null.'],
    [append(), [['a'], ['a', 'b'], ['b']], 'mine does not start with the base'],
    [unionBy('sku'), [[], [{ sku: 1 }], [{ id: 1 }]], "unionBy('sku') merges objects with a field `sku`, but mine[0] has none."],
    [unionBy('sku'), [[], ['text'], []], 'theirs[0] has none'],
    [unionBy('sku'), [[], [{ sku: 1 }, { sku: 1 }], []], 'theirs[1] has the same one as an earlier item'],
    [unionBy('sku'), [[], [{ sku: null }], []], 'an identity is null'],
    [unionBy('sku'), [[], [{ sku: {} }], []], 'an identity is of type object'],
    [
      deep({
        a: async () => {
          throw new Error('of the promise');
        },
      }),
      [{}, { a: 1 }, { a: 2 }],
      'The rule of `k.a` returned a promise',
    ],
    [deep({ a: () => undefined }), [{}, { a: 1 }, { a: 2 }], 'The rule of `k.a` returned undefined'],
    [unionBy('id', { n: () => undefined }), [[], [item('a', { n: 1 })], [item('a', { n: 2 })]], 'The rule of `k[…].n` returned undefined'],
    [union(), [[], [new Rounded()], []], '[object Object] cannot be compared'],
    [deep(), [{ a: new WeakMap() }, { a: 1 }, { a: 2 }], '[object WeakMap] cannot be compared'],
  ])('refuses what it cannot merge: %o %o', (rule, [base, theirs, mine], message) => {
    expect(() => merge(rule, base, theirs, mine)).toThrow(TypeError);
    expect(() => merge(rule, base, theirs, mine)).toThrow(message);
  });

  it('names the path inside a value', () => {
    const seen: string[] = [];
    merge(deep({ 'a.*': ({ key }) => seen.push(key) }), {}, { a: { b: 1 } }, { a: { b: 2 } });
    expect(seen).toEqual(['k.a.b']);
  });

  const polluted = (value: unknown) =>
    JSON.parse(
      `{"id":1,"__proto__":{"polluted":${value}},"constructor":{"prototype":{"polluted":${value}}},"prototype":{"polluted":${value}}}`,
    ) as object;

  it.each<[string, MergeRule]>([
    ['deep()', deep()],
    ['deep() by path', deep({ '*.polluted': lastWins() })],
    ['lastWins()', lastWins()],
    ['firstWins()', firstWins()],
  ])('%s lets no name reach a prototype', (_name, rule) => {
    const merged = merge(rule, polluted(1), polluted(2), polluted(3)) as { polluted?: unknown };
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(Object.keys(merged).toSorted()).toEqual(['__proto__', 'constructor', 'id', 'prototype']);
    expect([merged.polluted, ({} as { polluted?: unknown }).polluted]).toEqual([undefined, undefined]);
  });

  it.each<[string, MergeRule]>([
    ['unionBy()', unionBy('id')],
    ['union()', union()],
    ['append()', append()],
  ])('%s lets no name of an item reach a prototype', (_name, rule) => {
    const merged = merge(rule, [], [polluted(2)], [polluted(3)]) as { polluted?: unknown }[];
    for (const entry of merged) expect([Object.getPrototypeOf(entry), entry.polluted]).toEqual([Object.prototype, undefined]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('takes an identity of `__proto__` for one like any other', () => {
    expect(merge(unionBy('id'), [], [item('__proto__')], [item('constructor')])).toEqual([item('__proto__'), item('constructor')]);
    expect(merge(counter(), absent, 1, 1)).toBe(2);
  });
});

const integers = fc.integer({ min: -1000, max: 1000 });
const letters = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));
const items = letters.map((ids) => ids.map((id) => item(id)));
const grown = (list: fc.Arbitrary<unknown[]>, base: readonly unknown[]) => list.map((more) => [...base, ...more]);

/** Both orders of two commits on one base, the second merged into the first. */
function bothOrders(rule: MergeRule, base: unknown, first: unknown, second: unknown): [unknown, unknown] {
  return [merge(rule, base, first, second), merge(rule, base, second, first)];
}

const asSet = (list: unknown) => (list as unknown[]).map((entry) => JSON.stringify(entry)).toSorted();

describe('whatever the order of commits', () => {
  it('counter() gives the same, of two commits and of three', () => {
    fc.assert(
      fc.property(integers, integers, integers, integers, (base, x, y, z) => {
        const [one, other] = bothOrders(counter(), base, x, y);
        expect(one).toBe(other);
        expect(merge(counter(), base, one, z)).toBe(base + (x - base) + (y - base) + (z - base));
      }),
    );
  });

  it.each<[string, MergeRule, fc.Arbitrary<unknown[]>]>([
    ['union()', union(), letters],
    ["unionBy('id')", unionBy('id'), items],
  ])('%s gives the same values', (_name, rule, lists) => {
    fc.assert(
      fc.property(lists, lists, lists, lists, (base, x, y, z) => {
        const [one, other] = bothOrders(rule, base, x, y);
        expect(asSet(one)).toEqual(asSet(other));
        const orders = [
          [x, y, z],
          [z, y, x],
          [y, z, x],
        ].map(([first, second, third]) => merge(rule, base, merge(rule, base, first, second), third));
        for (const order of orders) expect(asSet(order)).toEqual(asSet(orders[0]));
      }),
    );
  });

  it('append() keeps what both have added', () => {
    const cases = letters.chain((base) => fc.tuple(fc.constant(base), grown(letters, base), grown(letters, base)));
    fc.assert(
      fc.property(cases, ([base, x, y]) => {
        const [one, other] = bothOrders(append(), base, x, y);
        expect(asSet(one)).toEqual(asSet(other));
        expect(one).toHaveLength(x.length + y.length - base.length);
      }),
    );
  });

  it('deep() gives the same where no two change one leaf', () => {
    const objects = fc.dictionary(
      letters.map((l) => l.join('') || 'z'),
      integers,
    );
    fc.assert(
      fc.property(objects, objects, objects, (base, x, y) => {
        const [one, other] = bothOrders(deep(), { base }, { base, x }, { base, y });
        expect(one).toEqual(other);
        expect(one).toEqual({ base, x, y });
      }),
    );
  });
});

describe('deep()', () => {
  const json = fc.letrec((tie) => ({
    leaf: fc.oneof(
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom('x', 'y', null),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
    ),
    tree: fc.oneof(
      { maxDepth: 3 },
      tie('leaf'),
      fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('tree'), { noNullPrototype: true }),
    ),
  })).tree;

  /** Each leaf by its path. */
  const leaves = (value: unknown, path = ''): string[] => {
    const isInner = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
    return isInner
      ? Object.entries(value as object).flatMap(([name, inner]) => leaves(inner, `${path}/${name}`))
      : [`${path}=${JSON.stringify(value)}`];
  };

  it('never invents a value that was on no side', () => {
    fc.assert(
      fc.property(json, json, json, (base, theirs, mine) => {
        const merged = merge(deep(), base, theirs, mine);
        const known = new Set([base, theirs, mine].flatMap((side) => leaves(side)));
        for (const leaf of leaves(merged)) expect(known.has(leaf) || leaf.endsWith('={}')).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes the one side that has changed, and merging is idempotent', () => {
    fc.assert(
      fc.property(json, json, json, (base, theirs, mine) => {
        expect(merge(deep(), { base }, { base }, { mine })).toEqual({ mine });
        expect(merge(deep(), base, theirs, theirs)).toEqual(theirs);
        const merged = merge(deep(), base, theirs, mine);
        expect(merge(deep(), base, merged, mine)).toEqual(merged);
      }),
    );
  });
});
