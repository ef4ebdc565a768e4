import { CHECKERS, type CheckerName } from '../src/checkers/index.js';
import type { AuditEntry, HistoryRequest, OperationName, Values } from '../src/history/history-request.js';
import { History } from '../src/history/history.js';

const OWNER: Values = { owner: 'A:owner' };

/** The beginning of session s, and the first version of its row. */
const BEGIN: Partial<HistoryRequest> = { operation: 'begin', newKey: 's', puts: OWNER, endedAt: 1 };

function request(operation: OperationName, startedAt: number, endedAt: number, rest: Partial<HistoryRequest> = {}): HistoryRequest {
  return { client: 0, process: 0, operation, key: 's', owner: 'A', puts: {}, deletes: [], outcome: 'ok', startedAt, endedAt, ...rest };
}

/** Each version of s's row; undefined for its deletion. */
function audit(...versions: (Values | undefined)[]): AuditEntry[] {
  return versions.map((values, n) => ({
    key: 's',
    data: values && JSON.stringify({ ...OWNER, ...values }),
    version: values && n,
    commitId: values && `c${n}`,
  }));
}

function history(requests: readonly HistoryRequest[], versions: readonly AuditEntry[], leftBehind: readonly string[] = []): History {
  const { key: _, ...begin } = request('begin', 0, 1, BEGIN);
  return new History({ requests: [begin, ...requests], audit: versions, leftBehind });
}

const put = (key: string, startedAt: number, endedAt: number, rest: Partial<HistoryRequest> = {}) =>
  request('put', startedAt, endedAt, { puts: { [key]: `A:${key}` }, seen: OWNER, ...rest });
const a = { a: 'A:a' };
const b = { b: 'A:b' };
const shared = (n: number) => ({ shared: `A:${n}` });
const putShared = (n: number, startedAt: number, endedAt: number) => request('put shared', startedAt, endedAt, { puts: shared(n) });

type Case = readonly [what: string, history: History];

/** Histories in which everything is as promised. */
const GOOD: readonly Case[] = [
  ['two puts, one after the other', history([put('a', 2, 3), put('b', 4, 5, { seen: { ...OWNER, ...a } })], audit({}, a, { ...a, ...b }))],
  ['two puts at once, merged', history([put('a', 2, 5), put('b', 2, 5)], audit({}, a, { ...a, ...b }))],
  ['two puts of one key in one update', history([putShared(1, 2, 5), putShared(2, 3, 6)], audit({}, shared(2)))],
  ['a put, and its deletion', history([put('a', 2, 3), request('forget', 4, 5, { deletes: ['a'] })], audit({}, a, {}))],
  [
    'a put that lands after the session has ended',
    history([put('a', 2, 5), request('logout', 3, 4, { seen: OWNER })], audit({}, undefined)),
  ],
  ['no session after its end', history([request('logout', 2, 3), request('read', 4, 5, { outcome: 'gone' })], audit({}, undefined))],
  ['a failed put', history([put('a', 2, 3, { outcome: 'failed' })], audit({}))],
  ['a put of unknown outcome, that was stored', history([put('a', 2, 3, { outcome: 'unknown' })], audit({}, a))],
  ['a put of unknown outcome, that was not', history([put('a', 2, 3, { outcome: 'unknown' })], audit({}))],
  ['a read at the time of a put', history([put('a', 2, 5), request('read', 3, 4, { seen: OWNER })], audit({}, a))],
  [
    'increments',
    history(
      [request('increment', 2, 3), request('increment', 4, 5, { seen: { ...OWNER, count: 1 } })],
      audit({}, { count: 1 }, { count: 2 }),
    ),
  ],
];

/** Histories in which one thing is not. */
const BAD: Readonly<Record<CheckerName, readonly Case[]>> = {
  'lost updates': [
    ['a put that is in no version', history([put('a', 2, 3)], audit({}))],
    ['a put that vanishes when another is stored', history([put('a', 2, 5), put('b', 2, 5)], audit({}, a, b))],
    [
      'a put that is overwritten by an older value',
      history([putShared(1, 2, 3), putShared(2, 4, 5), put('b', 2, 6)], audit({}, shared(1), shared(2), { ...shared(1), ...b })),
    ],
    [
      'a put that vanishes after a deletion of the value before',
      history([put('a', 6, 7), request('forget', 4, 5, { deletes: ['a'] })], audit({}, a, {})),
    ],
    ['a deletion that is in no version', history([put('a', 2, 3), request('forget', 4, 5, { deletes: ['a'] })], audit({}, a))],
    [
      'a deletion that is undone',
      history([put('a', 2, 3), request('forget', 4, 5, { deletes: ['a'] }), put('b', 2, 6)], audit({}, a, {}, { ...a, ...b })),
    ],
    [
      'one deletion for two vanishings',
      history(
        [putShared(1, 2, 3), request('delete shared', 4, 5, { deletes: ['shared'] }), putShared(2, 2, 5)],
        audit({}, shared(1), {}, shared(2), {}),
      ),
    ],
    ['a session that nobody ended', history([request('read', 2, 3, { outcome: 'gone' })], audit({}))],
    ['an increment that is not seen', history([request('increment', 2, 3), request('read', 4, 5, { seen: OWNER })], audit({}))],
  ],
  'stale reads': [['a read after the answer to a put', history([put('a', 2, 3), request('read', 4, 5, { seen: OWNER })], audit({}, a))]],
  'reads going back': [
    [
      'a read after one that has seen more',
      history([put('a', 2, 9), request('read', 3, 4, { seen: { ...OWNER, ...a } }), request('read', 5, 6, { seen: OWNER })], audit({}, a)),
    ],
  ],
  resurrections: [
    ['a row that is written after its deletion', history([request('logout', 2, 3), put('a', 2, 5)], audit({}, undefined, a))],
    ['a row that stays', history([request('logout', 2, 3)], audit({}))],
    [
      'a session that is found after its end',
      history([request('login', 2, 3, { newKey: 't' }), request('read', 4, 5, { seen: OWNER })], audit({}, undefined)),
    ],
  ],
  'foreign data': [
    ["a read of what is another session's", history([request('read', 2, 3, { seen: { owner: 'B:owner' } })], audit({}))],
    ["a row with another session's value", history([], audit({}, { a: 'B:a' }))],
    ['an id that is given twice', history([request('begin', 2, 3, { newKey: 's' })], audit({}))],
  ],
  'fractured deltas': [
    ['half a pair in a version', history([], audit({}, { left: 'A:1' }))],
    ['half a pair in a read', history([request('read', 2, 3, { seen: { ...OWNER, left: 'A:1', right: 'A:2' } })], audit({}))],
  ],
  phantoms: [
    ['the value of a failed put', history([put('a', 2, 3, { outcome: 'failed' })], audit({}, a))],
    ['a value that nobody has put', history([], audit({}, { a: 'A:x' }))],
    ['a version in which nothing changes', history([], audit({}, {}))],
    ['a read of what was never stored', history([request('read', 2, 3, { seen: { ...OWNER, ...a } })], audit({}))],
  ],
  'repeated effects': [
    [
      'a commit that writes twice',
      history(
        [put('a', 2, 3)],
        audit({}, a).map((entry) => ({ ...entry, commitId: 'c' })),
      ),
    ],
    ['a value that is set twice', history([putShared(1, 2, 5), putShared(2, 2, 5)], audit({}, shared(1), shared(2), shared(1)))],
    [
      'an increment that counts twice',
      history([request('increment', 2, 3), request('read', 4, 5, { seen: { ...OWNER, count: 2 } })], audit({}, { count: 2 })),
    ],
  ],
  'unbounded outcomes': [
    ['a request without an answer', history([request('read', 2, 15_002, { outcome: 'hung' })], audit({}))],
    ['what is left behind', history([], audit({}), ['a transaction'])],
  ],
};

describe.each(Object.entries(CHECKERS))('the checker of %s', (name, find) => {
  it.each(GOOD)('passes %s', (_, good) => {
    expect(find(good)).toEqual([]);
  });
  it.each(BAD[name as CheckerName])('finds %s', (_, bad) => {
    expect(find(bad)).not.toEqual([]);
  });
});
