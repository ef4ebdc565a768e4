import type { HistoryRequest, OperationName, Values } from '../src/history/history-request.js';
import { History } from '../src/history/history.js';
import type { BreachKind } from '../src/witness/breach.js';
import { shortestExample } from '../src/witness/example.js';
import { judge } from '../src/witness/judge.js';

const FIRST = { first: 'sr-b1-first' };

function request(operation: OperationName, startedAt: number, endedAt: number, rest: Partial<HistoryRequest> = {}): HistoryRequest {
  return { client: 0, process: 0, operation, key: 'b1', owner: 'b1', puts: {}, deletes: [], outcome: 'ok', startedAt, endedAt, ...rest };
}

const begin = request('begin', 0, 1, { newKey: 'b1', puts: FIRST });
const put = (key: string, startedAt: number, endedAt: number, rest: Partial<HistoryRequest> = {}) =>
  request('put', startedAt, endedAt, { puts: { [key]: `of ${key} at ${startedAt}` }, ...rest });
const read = (startedAt: number, endedAt: number, seen: Values, rest: Partial<HistoryRequest> = {}) =>
  request('read', startedAt, endedAt, { seen, ...rest });
const logout = (startedAt: number, endedAt: number, rest: Partial<HistoryRequest> = {}) => request('logout', startedAt, endedAt, rest);
const historyOf = (requests: readonly HistoryRequest[]) => new History({ requests: [begin, ...requests], audit: [], leftBehind: [] });

function breachesIn(requests: readonly HistoryRequest[]): Partial<Record<BreachKind, number>> {
  const found = Object.entries(judge(historyOf(requests)).breaches).filter(([, all]) => all.length > 0);
  return Object.fromEntries(found.map(([kind, all]) => [kind, all.length]));
}

const a = { a: 'of a at 2' };
const b = { b: 'of b at 2' };

describe('a history without a loss', () => {
  it.each<[string, HistoryRequest[]]>([
    ['two updates at once that are both there', [put('a', 2, 5), put('b', 2, 6), read(7, 8, { ...FIRST, ...a, ...b })]],
    ['an update whose outcome is unknown', [put('a', 2, 5, { outcome: 'unknown' }), read(7, 8, FIRST)]],
    ['an update that was refused', [put('a', 2, 5, { outcome: 'failed' }), read(7, 8, FIRST)]],
    ['an update without an answer', [put('a', 2, 5, { outcome: 'hung' }), read(7, 8, FIRST)]],
    ['an update that nothing has looked for', [put('a', 2, 5)]],
    ['a read that began before the answer', [put('a', 2, 5), read(4, 6, FIRST)]],
    ['two updates of one key at once, of which one is kept', [put('a', 2, 5), put('a', 3, 6), read(7, 8, { ...FIRST, ...a })]],
    [
      'an update of a key whose update before has an unknown outcome',
      [put('a', 2, 3, { outcome: 'unknown' }), put('a', 4, 5), read(7, 8, { ...FIRST, ...a })],
    ],
    ['an update at the time of a logout', [put('a', 2, 5), logout(3, 6), read(7, 8, {})]],
    [
      'an update whose session a logout of unknown outcome may have ended',
      [put('a', 2, 3), logout(4, 5, { outcome: 'unknown' }), read(7, 8, {})],
    ],
    ['a new session after a logout, with the update that came too late', [logout(3, 6), put('a', 2, 7), read(8, 9, a)]],
    ['a session that an unacknowledged logout has not ended', [logout(3, 6, { outcome: 'unknown' }), read(7, 8, FIRST)]],
    ['an old session that a read found before the answer to the logout', [logout(3, 6), read(4, 7, FIRST)]],
    [
      'what another process knows, and the last read of one finds',
      [put('a', 2, 3), read(4, 5, { ...FIRST, ...a }, { process: 1 }), read(4, 5, { ...FIRST, ...a })],
    ],
    [
      'a key that was missing for a while because of another update',
      [put('a', 2, 5), put('b', 2, 6), read(7, 8, { ...FIRST, ...b }), read(9, 10, { ...FIRST, ...a, ...b })],
    ],
  ])('%s', (_, requests) => {
    expect(breachesIn(requests)).toEqual({});
  });
});

describe('a history with a loss', () => {
  it.each<[string, HistoryRequest[], Partial<Record<BreachKind, number>>]>([
    ['an update that another one has overwritten', [put('a', 2, 5), put('b', 2, 6), read(7, 8, { ...FIRST, ...b })], { lost: 1 }],
    ['an update that vanishes with nothing else under way', [put('a', 2, 3), read(4, 5, FIRST)], { lost: 1 }],
    ['an update that the last read at each place lacks', [put('a', 2, 3), read(4, 5, { ...FIRST, ...a }), read(6, 7, FIRST)], { lost: 1 }],
    ['a whole session that is gone', [put('a', 2, 3), read(4, 5, {})], { lost: 2 }],
    ['an update that is replaced by an older value', [put('a', 2, 3), put('a', 4, 5), read(6, 7, { ...FIRST, ...a })], { lost: 1 }],
    ['a session that is back', [logout(3, 6), put('a', 2, 7), read(8, 9, { ...FIRST, ...a })], { resurrected: 1 }],
    [
      'a session that a copy of its cookie finds',
      [logout(3, 6, { cookie: 'cookie 1' }), read(8, 9, FIRST, { cookie: 'cookie 1' }), read(9, 10, {}, { cookie: 'cookie 2' })],
      { resurrected: 1 },
    ],
    ['a session that was regenerated', [request('login', 3, 6, { newKey: "b1'" }), read(8, 9, FIRST)], { resurrected: 1 }],
    [
      'a read after the answer, with nothing else under way',
      [put('a', 2, 3), read(4, 5, FIRST), read(6, 7, { ...FIRST, ...a })],
      { stale: 1 },
    ],
    ['a session that is found for a while after its end', [logout(3, 6), read(8, 9, FIRST), read(10, 11, {})], { stale: 1 }],
    [
      "another browser's value",
      [
        request('begin', 0, 1, { key: 'b2', newKey: 'b2', owner: 'b2', puts: { first: 'sr-b2-first' } }),
        read(3, 4, { ...FIRST, 'b2.first': 'sr-b2-first' }),
      ],
      { foreign: 1 },
    ],
  ])('%s', (_, requests, found) => {
    expect(breachesIn(requests)).toEqual(found);
  });

  it('shrinks to the requests without which it would be none', () => {
    const others = Array.from({ length: 20 }, (_, n) => put(`k${n}`, 3 + n, 30 + n));
    const kept = Object.fromEntries(others.flatMap(({ puts }) => Object.entries(puts)));
    const victim = put('a', 2, 5);
    const proof = read(60, 61, { ...FIRST, ...kept });
    const history = historyOf([victim, ...others, read(50, 51, { ...FIRST, ...kept }), proof]);
    const example = shortestExample(judge(history).breaches.lost, history);
    expect(example?.requests.map(({ puts, operation }) => Object.keys(puts)[0] ?? operation)).toEqual(['a', 'k1', 'read']);
  });

  it('names the key that the shortest history has set, of a session that came back', () => {
    const history = historyOf([put('a', 2, 3), logout(4, 7), put('b', 4, 8), read(9, 10, { ...FIRST, ...a, b: 'of b at 4' })]);
    const example = shortestExample(judge(history).breaches.resurrected, history);
    expect(example?.requests.flatMap(({ puts }) => Object.keys(puts))).toContain(example?.key);
    expect(example?.requests.map(({ operation }) => operation).toSorted()).toEqual(['logout', 'put', 'put', 'read']);
  });
});
