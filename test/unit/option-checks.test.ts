import { RequestMethod } from '@nestjs/common';
import { isEmitter, isToken } from '../../src/options/events-option.js';
import {
  hasMethods,
  isCookieName,
  isPlainName,
  isRoute,
  isRules,
  isSecretOrSeveral,
  isSessionLimit,
  isSynchronous,
  oneOf,
  optional,
  positive,
  tableName,
  yesOrNo,
  type Check,
} from '../../src/options/option-checks.js';

describe('a check of options', () => {
  it.each<[string, Check, readonly unknown[], readonly unknown[], string]>([
    ['oneOf', oneOf('a', 'b'), ['a', 'b'], ['c', '', undefined, ['a']], "Use one of 'a', 'b'."],
    ['yesOrNo', yesOrNo, [true, false], [0, 'true', null, undefined], 'Use true or false.'],
    [
      'positive',
      positive(),
      [1, 0.5, Number.MAX_SAFE_INTEGER],
      [0, -1, Number.NaN, '1', 1n, undefined, Infinity],
      'Give a positive number.',
    ],
    ['positive with a unit', positive({ unit: 'ms' }), [1], [0], 'Give a positive number of ms.'],
    ['positive with a bound', positive({ max: 5 }), [5], [5.1], 'Give a positive number, at most 5.'],
    ['positive or 0', positive({ or: 0 }), [0, 1], [false, -1, undefined], 'Give 0 or a positive number.'],
    ['positive or false', positive({ unit: 'ms', or: false }), [false, 1], [0, true, undefined], 'Give false or a positive number of ms.'],
    ['optional', optional(oneOf('a')), ['a', undefined], [null, 'b'], "Use one of 'a'."],
    [
      'tableName',
      tableName,
      ['a', 'ä'.repeat(23)],
      ['', 'ä'.repeat(24), 'why?', 'a\0', 5],
      'Give a name of 1 to 46 bytes, without a question mark.',
    ],
  ])('%s', (_name, check, right, wrong, advice) => {
    expect(right.map(check)).toEqual(right.map(() => undefined));
    expect(wrong.map(check)).toEqual(wrong.map(() => advice));
  });

  it.each<[string, (given: unknown) => boolean, readonly unknown[], readonly unknown[]]>([
    ['isSynchronous', isSynchronous, [() => 1], [async () => 1, {}, undefined]],
    ['isPlainName', isPlainName, ['a'], ['', 'a?', 'a\0', 5]],
    ['isCookieName', isCookieName, ['sid', '__Host-a.b'], ['', 'a b', 'a;', 'ä', 5]],
    ['isSecretOrSeveral', isSecretOrSeveral, ['a', ['a', 'b'], Buffer.from('a')], ['', [], ['a', ''], 5]],
    ['hasMethods', hasMethods('get', 'destroy'), [{ get() {}, destroy() {} }], [{ get() {} }, { get: 1, destroy() {} }, null, 'text']],
    ['isRules', isRules, [{}, { a: () => 1, b: undefined }], [{ a: 1 }, null, 'text', [1]]],
    [
      'isSessionLimit',
      isSessionLimit,
      [1, { max: 2, whenFull: 'deny' }, { max: 2 }],
      [0, 1.5, '1', null, { max: 0 }, { max: 1, whenFull: 'wait' }],
    ],
    [
      'isRoute',
      isRoute,
      ['health', { path: 'a', method: RequestMethod.GET }],
      ['', null, { path: 'a' }, { path: '', method: 0 }, { path: 'a', method: 99 }],
    ],
    ['isEmitter', isEmitter, [{ emit() {} }], [{ emit: 1 }, null, 'text', undefined]],
    ['isToken', isToken, [EventTarget, 'EVENTS', Symbol('events')], ['', 5, {}, undefined]],
  ])('%s', (_name, check, right, wrong) => {
    expect(right.map(check)).toEqual(right.map(() => true));
    expect(wrong.map(check)).toEqual(wrong.map(() => false));
  });
});
