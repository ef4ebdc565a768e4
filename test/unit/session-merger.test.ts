import { SessionCodec } from '../../src/codec/session.codec.js';
import { SessionMerger } from '../../src/commit/session-merger.js';
import { DELETED, SessionMergeError, type MergeRule, type SmartSessionModuleOptions } from '../../src/index.js';
import { computeDelta } from '../../src/merge/delta.js';
import type { EncodedValues } from '../../src/merge/encoded-values.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { decoded, encoded } from '../support/records.js';

const sum: MergeRule<number> = ({ base = 0, theirs = 0, mine = 0 }) => theirs + mine - base;

function mergerWith(given: SmartSessionModuleOptions): SessionMerger {
  const options = new SmartSessionOptions({ secret: 'x', ...given });
  return new SessionMerger(new SessionCodec(options), options);
}

/** Merges what one request has made of `base` into what another has stored. */
function merge(given: SmartSessionModuleOptions, base: object, theirs: object, mine: object): Record<string, unknown> {
  return decoded(mergeTexts(given, encoded({ ...base }), encoded({ ...theirs }), encoded({ ...mine })));
}

function mergeTexts(given: SmartSessionModuleOptions, base: EncodedValues, theirs: EncodedValues, mine: EncodedValues): EncodedValues {
  return mergerWith(given).apply(theirs, computeDelta(base, mine), base);
}

function failureOf(work: () => unknown): SessionMergeError {
  try {
    work();
  } catch (error) {
    return error as SessionMergeError;
  }
  throw new Error('It did not fail.');
}

describe('the merge of a session', () => {
  it('keeps what both requests have changed under different keys', () => {
    expect(merge({}, { a: 1, b: 1, c: 1 }, { a: 2, b: 1, c: 1 }, { a: 1, b: 2, d: 1 })).toEqual({ a: 2, b: 2, d: 1 });
  });

  it('takes the later commit for a key without a rule', () => {
    expect(merge({}, { a: 1 }, { a: 2 }, { a: 3 })).toEqual({ a: 3 });
    expect(merge({}, { a: 1 }, { a: 2 }, {})).toEqual({});
  });

  it('asks the rule of a key, or else the default rule', () => {
    const given = { merge: { sum }, mergeDefault: () => 'default' } as SmartSessionModuleOptions;
    expect(merge(given, { sum: 10, a: 1 }, { sum: 11, a: 2 }, { sum: 15, a: 3 })).toEqual({ sum: 16, a: 'default' });
  });

  it('asks no rule for a key that only one of them has changed', () => {
    const given: SmartSessionModuleOptions = { mergeDefault: () => 'default' };
    expect(merge(given, { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 2 })).toEqual({ a: 2, b: 2 });
  });

  it('gives a rule copies of all three sides, and the key', () => {
    const theirs = encoded({ list: ['theirs'] });
    const seen: unknown[] = [];
    const merged = mergeTexts(
      {
        mergeDefault: (sides) => {
          seen.push(structuredClone(sides));
          sides.theirs.push('spoilt');
          return sides.mine;
        },
      },
      encoded({ list: ['base'] }),
      theirs,
      encoded({ list: ['mine'] }),
    );
    expect(seen).toEqual([{ key: 'list', base: ['base'], theirs: ['theirs'], mine: ['mine'] }]);
    expect(decoded(theirs)).toEqual({ list: ['theirs'] });
    expect(decoded(merged)).toEqual({ list: ['mine'] });
  });

  it.each<[string, object, object, object, string[]]>([
    ['mine', { a: 1 }, { a: 2 }, {}, ['base', 'key', 'theirs']],
    ['theirs', { a: 1 }, {}, { a: 2 }, ['base', 'key', 'mine']],
    ['base', {}, { a: 1 }, { a: 2 }, ['key', 'mine', 'theirs']],
  ])('leaves a side out that has no value: %s', (_name, base, theirs, mine, expected) => {
    let sides: string[] = [];
    const mergeDefault: MergeRule = (given) => {
      sides = Object.keys(given).toSorted();
      return DELETED;
    };
    merge({ mergeDefault }, base, theirs, mine);
    expect(sides).toEqual(expected);
  });

  it('deletes a key for which its rule returns DELETED', () => {
    expect(merge({ mergeDefault: () => DELETED }, { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 3, b: 1 })).toEqual({ b: 1 });
  });

  it('asks no rule for a name that the session does not hold as a value', () => {
    const [base, theirs, mine] = ['{}', '{"path":"/theirs"}', '{"path":"/mine"}'].map((text) => new Map([['cookie', text]]));
    const merged = mergeTexts({ mergeDefault: () => 'default' }, base!, theirs!, mine!);
    expect(merged.get('cookie')).toBe('{"path":"/mine"}');
  });
});

describe('a rule that fails', () => {
  const broken = (mergeDefault: MergeRule) => failureOf(() => merge({ mergeDefault }, { secret: 1 }, { secret: 2 }, { secret: 3 }));

  it('rejects the commit, with its error as the cause', () => {
    const cause = new RangeError('no way');
    const failure = broken(() => {
      throw cause;
    });
    expect(failure).toBeInstanceOf(SessionMergeError);
    expect(failure.key).toBe('secret');
    expect(failure.message).toContain('The merge rule of `secret` failed: no way. Nothing was written.');
    expect(failure.cause).toBe(cause);
  });

  it.each<[string, () => unknown, string]>([
    ['a value that cannot be stored', () => () => 1, 'cannot store'],
    ['a promise', () => Promise.reject(new Error('later')), 'returned a promise'],
    ['undefined', () => undefined, 'returned undefined'],
  ])('rejects the commit if it returns %s', (_name, rule, said) => {
    const failure = broken(rule as MergeRule);
    expect(failure).toBeInstanceOf(SessionMergeError);
    expect(failure.message).toContain(said);
  });
});
