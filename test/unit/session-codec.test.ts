import { SessionCodec } from '../../src/codec/session.codec.js';
import { SessionNotSerializableError } from '../../src/smart-session.errors.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';

const codec = new SessionCodec(new SmartSessionOptions({ secret: 'x' }));

describe('session codec', () => {
  it('gives equal values equal texts, whatever the order of keys', () => {
    expect(codec.encodeValues({ a: { x: 1, y: [{ p: 1, q: 2 }] } })).toEqual(codec.encodeValues({ a: { y: [{ q: 2, p: 1 }], x: 1 } }));
  });

  it.each(['json', 'rich'] as const)('%s gives names back sorted, and lists and maps in their order', (serializer) => {
    const one = new SessionCodec(new SmartSessionOptions({ secret: 'x', serializer }));
    const ordered =
      serializer === 'rich'
        ? {
            map: new Map([
              ['zebra', 1],
              ['apple', 2],
            ]),
          }
        : {};
    const loaded = one.decodeValues(
      one.split(one.join(one.encodeValues({ zebra: 1, apple: { z: 1, a: [{ y: 1, b: 2 }] }, list: ['z', 'a'], ...ordered }))),
    );
    expect(JSON.stringify({ ...loaded, map: undefined })).toBe('{"apple":{"a":[{"b":2,"y":1}],"z":1},"list":["z","a"],"zebra":1}');
    if (serializer === 'rich') expect([...(loaded.map as Map<string, number>).keys()]).toEqual(['zebra', 'apple']);
  });

  it('notices a deep change', () => {
    expect(codec.encodeValues({ a: { x: { y: 1 } } })).not.toEqual(codec.encodeValues({ a: { x: { y: 2 } } }));
  });

  it('stores and loads what JSON holds, and leaves the cookie out', () => {
    const text = codec.join(codec.encodeValues({ cookie: {}, b: [1, null, 'ä\u0000'], a: { c: true } }));
    expect(text).toBe('{"a":{"c":true},"b":[1,null,"ä\\u0000"]}');
    expect(codec.decodeValues(codec.split(text))).toEqual({ a: { c: true }, b: [1, null, 'ä\u0000'] });
  });

  it.each([
    ['cart.items[1].price', { cart: { items: [{}, { price: 1n }] } }],
    ['f', { f: () => 1 }],
    ['s.t', { s: { t: Symbol('t') } }],
    ['toString', { toString: 1 }],
  ])('refuses what it cannot store, naming %s', (path, session) => {
    expect(() => codec.encodeValues(session)).toThrow(SessionNotSerializableError);
    expect(() => codec.encodeValues(session)).toThrow(`\`${path}\``);
  });

  it('refuses a cycle, and accepts one object in two places', () => {
    const twice = { n: 1 };
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(codec.encodeValues({ a: twice, b: twice }).size).toBe(2);
    expect(() => codec.encodeValues({ cycle })).toThrow('a cycle at `cycle.self`');
  });

  describe('beside processes with `rich`', () => {
    const rich = new SessionCodec(new SmartSessionOptions({ secret: 'x', serializer: 'rich' }));
    const both = [
      ['json', codec],
      ['rich', rich],
    ] as const;
    const values = { at: new Date(0), seen: new Map([['a', new Set([1n])]]), none: undefined, zero: -0, plain: { a: [1] } };
    const text = rich.join(rich.encodeValues(values));

    it('reads what they have written, and writes it back as it was', () => {
      expect(codec.parse(text)).toBeUndefined();
      const stored = codec.split(text);
      const live = codec.decodeValues(stored);
      expect(live).toEqual(values);
      expect(codec.join(codec.encodeValues(live, stored))).toBe(text);
    });

    it.each<[string, (live: any) => void, unknown]>([
      ['a change inside', ({ seen }) => seen.get('a').add(2n), new Map([['a', new Set([1n, 2n])]])],
      [
        'a copy with a change',
        (live) => (live.seen = new Map([...live.seen, ['b', 1]])),
        new Map<string, unknown>([
          ['a', new Set([1n])],
          ['b', 1],
        ]),
      ],
      ['a JSON value in its place', (live) => (live.seen = { a: [1] }), { a: [1] }],
      ['a value in its place that `rich` refuses', (live) => (live.seen = Object.assign(Object.create({ own: true }), { a: 1 })), { a: 1 }],
    ])('keeps %s', (_what, change, expected) => {
      const stored = codec.split(text);
      const live = codec.decodeValues(stored);
      change(live);
      expect(rich.decodeValues(codec.encodeValues(live, stored))).toEqual({ ...values, seen: expected });
    });

    it('keeps a value that moves to another key', () => {
      const stored = codec.split(text);
      const { seen, ...live } = codec.decodeValues(stored);
      expect(rich.decodeValues(codec.encodeValues({ ...live, moved: seen }, stored))).toEqual({
        at: values.at,
        none: undefined,
        zero: -0,
        plain: values.plain,
        moved: values.seen,
      });
    });

    it('stores JSON where nothing of theirs is', () => {
      const stored = codec.split('{"plain":{"a":[1]}}');
      expect(codec.join(codec.encodeValues({ fresh: new Date(0) }, stored))).toBe('{"fresh":"1970-01-01T00:00:00.000Z"}');
    });

    it.each<[string, unknown, unknown]>([
      ['a list', { $rich: [['Date', 0]] }, { $rich: [['Date', 0]] }],
      ['a number', { $rich: -1 }, { $rich: -1 }],
      ['a text', { $rich: 'text' }, { $rich: 'text' }],
      ['an envelope in it', { $rich: [{ $rich: [1] }] }, { $rich: [{ $rich: [1] }] }],
      ['a toJSON()', { toJSON: () => ({ $rich: [1] }) }, { $rich: [1] }],
      ['other names beside', { $rich: [1], a: 1 }, { $rich: [1], a: 1 }],
    ])("gives an app's own `$rich` back, with %s", (_what, value, expected) => {
      const stored = codec.encodeValues({ value });
      for (const [name, reader] of both)
        expect([name, reader.decodeValues(reader.split(codec.join(stored)))]).toEqual([name, { value: expected }]);
      // Stored once more it is the same, so that nothing has changed.
      const again = codec.split(codec.join(stored));
      expect(codec.encodeValues(codec.decodeValues(again), again)).toEqual(stored);
    });
  });

  it('never lets a stored name reach a prototype', () => {
    const loaded = codec.decodeValues(codec.split('{"__proto__":{"isAdmin":true},"constructor":1,"a":{"__proto__":{"x":1}}}'));
    expect(Object.keys(loaded)).toEqual(['a']);
    expect((loaded as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(({} as { x?: number }).x).toBeUndefined();
    expect(JSON.stringify(loaded.a)).toBe('{"__proto__":{"x":1}}');
  });
});
