import fc from 'fast-check';
import { closest, distance } from '../../src/shared/closest.js';

describe('the distance of two words', () => {
  it.each([
    ['list', 'list', 0],
    ['lst', 'list', 1],
    ['lisst', 'list', 1],
    ['lost', 'list', 1],
    ['lits', 'list', 1],
    ['kitten', 'sitting', 3],
    ['', 'list', 4],
    ['destroy', '', 7],
  ])('of "%s" and "%s" is %i', (one, other, expected) => {
    expect(distance(one, other)).toBe(expected);
  });

  it('is the same in both directions, and zero only for the same word', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
    fc.assert(
      fc.property(word, word, (one, other) => {
        expect(distance(one, other)).toBe(distance(other, one));
        expect(distance(one, other) === 0).toBe(one === other);
      }),
    );
  });
});

describe('the closest word', () => {
  const words = ['list', 'stats', 'prune', 'create-table'];

  it.each([
    ['lsit', 'list'],
    ['stat', 'stats'],
    ['crate-tabel', 'create-table'],
  ])('to "%s" is %s', (given, expected) => {
    expect(closest(given, words)).toBe(expected);
  });

  it.each(['', 'x', 'destroy', 'table', 'la'])('to "%s" is none', (given) => {
    expect(closest(given, words)).toBeUndefined();
  });
});
