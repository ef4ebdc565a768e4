import { runInNewContext } from 'node:vm';
import { hasToJson } from '../../src/shared/has-to-json.js';
import { isKeyedObject, isPlainObject, isPlainPrototype } from '../../src/shared/plain-object.js';

class Money {
  cents = 1;
}

/** A class whose prototype has no prototype. */
class Rootless extends (null as never as new () => object) {}

const tagged = { [Symbol.toStringTag]: 'Money' };

describe('isPlainObject', () => {
  it.each<[string, unknown, boolean]>([
    ['a literal', { a: 1 }, true],
    ['an object without a prototype', Object.create(null), true],
    ['an object of another realm', runInNewContext('({ a: 1 })'), true],
    ['an object with a key `constructor`', { constructor: 1 }, true],
    ['a list', [], false],
    ['a list of another realm', runInNewContext('[]'), false],
    ['an instance of a class', new Money(), false],
    ['an instance of a class without a parent', Object.create(Rootless.prototype), false],
    ['an object with a tag', tagged, false],
    ['a map', new Map(), false],
    ['a date', new Date(0), false],
    ['a function', () => 1, false],
    ['null', null, false],
    ['undefined', undefined, false],
    ['a text', 'text', false],
  ])('of %s', (_name, value, isPlain) => {
    expect(isPlainObject(value)).toBe(isPlain);
  });
});

describe('isKeyedObject', () => {
  it.each<[string, unknown, boolean]>([
    ['a literal', {}, true],
    ['an instance of a class', new Money(), true],
    ['a list', [], false],
    ['null', null, false],
    ['a function', () => 1, false],
    ['a text', 'text', false],
  ])('of %s', (_name, value, isOne) => {
    expect(isKeyedObject(value)).toBe(isOne);
  });
});

describe('isPlainPrototype', () => {
  it.each<[string, object | null, boolean]>([
    ['none', null, true],
    ['Object.prototype', Object.prototype, true],
    ["another realm's Object.prototype", runInNewContext('Object.prototype') as object, true],
    ['that of a class', Money.prototype, false],
    ['an object without a prototype', Object.create(null) as object, false],
    ['that of a list', Array.prototype, false],
  ])('of %s', (_name, prototype, isPlain) => {
    expect(isPlainPrototype(prototype)).toBe(isPlain);
  });
});

describe('hasToJson', () => {
  it.each<[string, unknown, boolean]>([
    ['a date', new Date(0), true],
    ['an object with a method of that name', { toJSON: () => 1 }, true],
    ['an object with a value of that name', { toJSON: 1 }, false],
    ['an object', {}, false],
    ['null', null, false],
    ['a text', 'text', false],
    ['a function with such a method', Object.assign(() => 1, { toJSON: () => 1 }), false],
  ])('of %s', (_name, value, has) => {
    expect(hasToJson(value)).toBe(has);
  });
});
