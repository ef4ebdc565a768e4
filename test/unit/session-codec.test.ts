import { SessionCodec } from '../../src/codec/session.codec.js';
import { SessionNotSerializableError } from '../../src/smart-session.errors.js';
import { SmartSessionOptions } from '../../src/smart-session.options.js';

const codec = new SessionCodec(new SmartSessionOptions({ secret: 'x' }));

describe('session codec', () => {
  it('gives equal values equal texts, whatever the order of keys', () => {
    expect(codec.encodeValues({ a: { x: 1, y: [{ p: 1, q: 2 }] } })).toEqual(codec.encodeValues({ a: { y: [{ q: 2, p: 1 }], x: 1 } }));
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

  it('never lets a stored name reach a prototype', () => {
    const loaded = codec.decodeValues(codec.split('{"__proto__":{"isAdmin":true},"constructor":1,"a":{"__proto__":{"x":1}}}'));
    expect(Object.keys(loaded)).toEqual(['a']);
    expect((loaded as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(({} as { x?: number }).x).toBeUndefined();
    expect(JSON.stringify(loaded.a)).toBe('{"__proto__":{"x":1}}');
  });
});
