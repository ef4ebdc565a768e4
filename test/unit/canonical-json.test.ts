import { runInNewContext } from 'node:vm';
import { canonicalJson } from '../../src/codec/canonical-json.js';

class Money {
  readonly #cents = 5;
  readonly currency = 'EUR';
  get cents() {
    return this.#cents;
  }
}

describe('canonicalJson', () => {
  it.each<[string, unknown]>([
    ['a Map', new Map([['a', 1]])],
    ['a Map', new Map()],
    ['a Map', runInNewContext('new Map([[1, 2]])')],
    ['a Set', new Set([1])],
    ['a Set', new (class Tags extends Set<string> {})(['a'])],
    ['a WeakMap', new WeakMap()],
    ['a WeakSet', new WeakSet()],
    ['a Map Iterator', new Map().keys()],
    ['a Set Iterator', new Set().values()],
    [
      'a Generator',
      (function* () {
        yield 1;
      })(),
    ],
    ['a RegExp', /a/],
    ['an Error', new TypeError('lost')],
    ['an ArrayBuffer', new ArrayBuffer(4)],
    ['a SharedArrayBuffer', new SharedArrayBuffer(4)],
    ['a DataView', new DataView(new ArrayBuffer(4))],
    ['a promise', Promise.resolve(1)],
  ])('refuses %s, whose content its JSON loses', (what, value) => {
    expect(() => canonicalJson(value, 'cart')).toThrow(`The session cannot store ${what} at \`cart\`.`);
    expect(() => canonicalJson({ items: [value] }, 'cart')).toThrow(`The session cannot store ${what} at \`cart.items[0]\`.`);
  });

  it.each<[unknown, string]>([
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [Buffer.from('a'), '{"data":[97],"type":"Buffer"}'],
    [new Uint8Array([1, 2]), '{"0":1,"1":2}'],
    [Object.assign(new Map(), { toJSON: () => [1] }), '[1]'],
    [new Money(), '{"currency":"EUR"}'],
    [Object.create(null), '{}'],
  ])('stores %s as its JSON', (value, text) => {
    expect(canonicalJson(value, 'cart')).toBe(text);
  });
});
