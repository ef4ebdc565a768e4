import fc from 'fast-check';
import { LongMember, valueOf } from '../../src/codec/long-member.js';
import { MemberScanner, type ScanLimits } from '../../src/codec/member-scanner.js';
import { SessionUnreadableError } from '../../src/smart-session.errors.js';

const LIMITS: ScanLimits = { shortestText: 0, longestText: 1e6, shortestMember: 8 };

const scan = (text: string, limits = LIMITS) => new MemberScanner(limits).scan(text);

/** Parses each long member that was found. */
function parsed(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).map(([key, member]) => [key, valueOf(member)]));
}

function parseIfJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[\\"{}[\],:]*$/),
  fc.tuple(fc.integer({ min: 35, max: 60 }), fc.stringMatching(/^[\\"]{0,6}$/)).map(([length, end]) => 'x'.repeat(length) + end),
);
const values = fc.oneof(texts, fc.jsonValue({ maxDepth: 4 }), fc.array(texts));
const key = fc.oneof(fc.stringMatching(/^[a-z0-9ä]{1,3}$/), fc.string({ unit: 'binary', maxLength: 4 }), fc.constant('__proto__'));
const objects = fc.dictionary(key, values, { maxKeys: 8 }).map((object) => JSON.stringify(object));

describe('the scanner of large records', () => {
  it('finds the members that JSON.parse finds', () => {
    fc.assert(
      fc.property(objects, (text) => {
        const members = scan(text);
        if (members) expect(JSON.stringify(parsed(members))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves exactly the long members of ordinary texts for later, each with its own text', () => {
    const ordinary = fc.dictionary(fc.stringMatching(/^[a-zä]{1,4}$/), values, { maxKeys: 8 });
    fc.assert(
      fc.property(ordinary, (object) => {
        const isLong = (value: unknown) => (typeof value === 'string' || typeof value === 'object') && JSON.stringify(value).length >= 8;
        const long = Object.keys(object).filter((name) => isLong(object[name]));
        const members = scan(JSON.stringify(object));
        if (long.length === 0) {
          expect(members).toBeUndefined();
          return;
        }
        expect(Object.keys(members!).filter((name) => members![name] instanceof LongMember)).toEqual(
          Object.keys(object).filter((name) => long.includes(name)),
        );
        for (const name of long) expect(members![name]).toMatchObject({ key: name, text: JSON.stringify(object[name]) });
      }),
    );
  });

  it('never finds members in a text that is no JSON, unless a long member is to blame', () => {
    const mutated = fc
      .tuple(
        objects,
        fc.array(fc.tuple(fc.nat(), fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', ' ', 'x', '1', '\n')), { maxLength: 3 }),
        fc.boolean(),
      )
      .map(([text, changes, isInsertion]) =>
        changes.reduce((now, [at, char]) => {
          const place = at % now.length;
          return now.slice(0, place) + char + now.slice(isInsertion ? place : place + 1);
        }, text),
      );
    fc.assert(
      fc.property(mutated, (text) => {
        const whole = parseIfJson(text);
        let members: Record<string, unknown> | undefined;
        try {
          members = scan(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
          expect(whole).toBeUndefined();
          return;
        }
        if (!members) return;
        if (whole === undefined) expect(() => parsed(members)).toThrow(SessionUnreadableError);
        else expect(JSON.stringify(parsed(members))).toBe(JSON.stringify(whole));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['has no long member', '{"a":1,"b":"short"}'],
    ['is cut off inside a string', '{"a":"long enough'],
    ['is cut off inside a list', '{"a":["long enough"'],
    ['is cut off after a value', '{"a":"long enough"'],
    ['is cut off after a key', '{"a"'],
    ['goes on after its end', '{"a":"long enough"}}'],
    ['has a key twice', '{"a":"long enough","a":"long enough"}'],
    ['has a key with an escape', '{"\\u0061":"long enough"}'],
    ['has a space between members', '{"a":"long enough", "b":1}'],
    ['has a space before a value', '{"a": "long enough"}'],
    ['has a space after a value', '{"a":"long enough" }'],
    ['is a list', '["long enough","long enough"]'],
    ['is empty', '{}'],
    ['is a string', '"long enough, but no object"'],
    ['has only a long number', `{"a":${'1'.repeat(20)}}`],
  ])('does not scan a text that %s', (_why, text) => {
    const scanner = new MemberScanner(LIMITS);
    expect(scanner.scan(`{"long":"${'",:}'.replace('"', '\\"').repeat(50)}"}`)).toBeDefined();
    expect(scanner.scan(text)).toBeUndefined();
  });

  it('does not scan texts that are short or huge', () => {
    const text = '{"a":"long enough"}';
    expect(scan(text, { ...LIMITS, shortestText: text.length })).toBeDefined();
    expect(scan(text, { ...LIMITS, shortestText: text.length + 1 })).toBeUndefined();
    expect(scan(text, { ...LIMITS, longestText: text.length })).toBeDefined();
    expect(scan(text, { ...LIMITS, longestText: text.length - 1 })).toBeUndefined();
    expect(new MemberScanner().scan(text)).toBeUndefined();
    expect(new MemberScanner().scan(JSON.stringify({ a: 'x'.repeat(16 * 1024) }))).toBeDefined();
  });

  it.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('does not scan a value of more levels than a session may have, made of %s', (open, close) => {
    const nested = (levels: number) => `{"a":"long enough","b":${open.repeat(levels)}1${close.repeat(levels)}}`;
    expect(scan(nested(200))).toBeDefined();
    expect(scan(nested(201))).toBeUndefined();
  });

  it('refuses to read a long member that is no JSON, and does not quote it', () => {
    const { a, b } = scan('{"a":[secret,secret],"b":"long enough"}')!;
    expect(valueOf(b)).toBe('long enough');
    expect(() => valueOf(a)).toThrow(SessionUnreadableError);
    expect(() => valueOf(a)).toThrow('`a`');
    expect(() => valueOf(a)).not.toThrow('secret');
  });
});
