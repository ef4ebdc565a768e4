import { escaped, shownKeys } from '../../src/shared/shown-keys.js';
import { visible, visibleLines, visibleStack } from '../../src/shared/visible.js';

describe('visible', () => {
  it.each<[string, string, string]>([
    ['a text', 'a text, ä and 🎉', 'a text, ä and 🎉'],
    ['a line break', 'a\nb\rc', 'a\\u000ab\\u000dc'],
    ['an escape of a terminal', '\u001b[2J', '\\u001b[2J'],
    ['DEL', '\u007f', '\\u007f'],
    ['a line separator', '\u2028\u2029', '\\u2028\\u2029'],
    ['a direction mark', '\u202e', '\\u202e'],
    ['a soft hyphen', '\u00ad', '\\u00ad'],
    ['half of a pair', 'a\ud83cb', 'a\\ud83cb'],
    ['an invisible pair', '\u{e0001}', '\\udb40\\udc01'],
  ])('of %s', (_name, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('leaves JSON with the same meaning', () => {
    const value = { 'a\u202eb': '\u001b' };
    expect(JSON.parse(visible(JSON.stringify(value)))).toEqual(value);
  });
});

it('visibleLines keeps the lines', () => {
  expect(visibleLines('a\u001b\nb\r')).toBe('a\\u001b\nb\\u000d');
});

it('visibleStack keeps the frames, and makes one line of the message', () => {
  expect(visibleStack('Error: a\nb\n    at f (x.js:1)\n    at \u001b')).toBe('Error: a\\u000ab\n    at f (x.js:1)\n    at \\u001b');
});

describe('escaped', () => {
  it.each<[string, string]>([
    ['cart', 'cart'],
    ['a"b', 'a\\"b'],
    ['a\nb', 'a\\nb'],
    ['a\u202eb', 'a\\u202eb'],
  ])('%j is %s', (name, shown) => {
    expect(escaped(name)).toBe(shown);
  });
});

describe('shownKeys', () => {
  it('quotes each', () => {
    expect(shownKeys(['a', 'b"c'])).toBe('"a", "b\\"c"');
  });

  it('cuts a key of more than 64 characters', () => {
    expect(shownKeys(['x'.repeat(64), 'y'.repeat(65)])).toBe(`"${'x'.repeat(64)}", "${'y'.repeat(64)}…"`);
  });

  it('counts the keys after the twentieth', () => {
    const keys = Array.from({ length: 22 }, (_, n) => `k${n}`);
    expect(shownKeys(keys.slice(0, 20))).toMatch(/"k19"$/);
    expect(shownKeys(keys)).toMatch(/"k19" and 2 more$/);
  });

  it('of none is empty', () => {
    expect(shownKeys([])).toBe('');
  });
});
