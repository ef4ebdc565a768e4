import { breachesOf } from './figures.js';
import { FIRST, type Answer, type Operation, type Request, type Values } from './operation.js';

const NONE = {
  lostAppends: 0,
  overtakenAppends: 0,
  disorder: 0,
  lostIncrements: 0,
  lostExchanges: 0,
  staleReads: 0,
  divergence: 0,
};

let time = 0;
/** An operation that is sent when the one before is answered. */
function operation(request: Request, answer: Partial<Answer> = {}): Operation {
  return { key: 0, request, answer: { outcome: 'done', ...answer }, sent: ++time, answered: ++time };
}
const append = (element: number, seen: number[], answer?: Partial<Answer>) => operation({ kind: 'append', element }, { seen, ...answer });
const increment = (outcome: Answer['outcome'] = 'done') => operation({ kind: 'increment' }, { outcome });
const exchange = (from: number, to: number, answer: Partial<Answer> = { isExchanged: true }) =>
  operation({ kind: 'exchange', from, to }, answer);
const read = (list: number[]) => operation({ kind: 'read' }, { values: { ...FIRST, list } });
const check = (operations: Operation[], ...stored: Partial<Values>[]) =>
  breachesOf({ operations, stored: [stored.map((values) => ({ ...FIRST, ...values })) as unknown as [Values]] });

describe('the laws of the workloads', () => {
  it('find nothing in a sound history', () => {
    const operations = [
      append(1, []),
      append(2, [1], { outcome: 'refused', seen: undefined }),
      append(3, [1], { outcome: 'unknown', seen: undefined }),
      append(4, [1, 3]),
      read([1, 3, 4]),
      increment(),
      increment('unknown'),
      exchange(0, 5),
      exchange(0, 6, { isExchanged: false }),
      exchange(5, 7, { outcome: 'unknown' }),
      exchange(7, 8),
    ];
    expect(check(operations, { list: [1, 3, 4], count: 1, register: 8 })).toEqual(NONE);
    expect(check(operations, { list: [1, 3, 4], count: 2, register: 8 })).toEqual(NONE);
  });

  it.each<[string, Operation[], Partial<Values>, Partial<typeof NONE>]>([
    ['an append that is missing', [append(1, [])], {}, { lostAppends: 1 }],
    ['an append that took effect twice', [append(1, [])], { list: [1, 1] }, { lostAppends: 1 }],
    ['an append between the read and the write of another', [append(1, []), append(2, [])], { list: [1, 2] }, { overtakenAppends: 1 }],
    ['a list that was read and is no beginning', [append(1, []), append(2, [1]), read([2, 1])], { list: [1, 2] }, { disorder: 1 }],
    ['an increment that is missing', [increment(), increment()], { count: 1 }, { lostIncrements: 1 }],
    ['an increment that took effect twice', [increment(), increment('unknown')], { count: 3 }, { lostIncrements: 1 }],
    ['a refused increment that took effect', [increment('refused')], { count: 1 }, { lostIncrements: 1 }],
    ['two winners of one value', [exchange(0, 1), exchange(0, 2)], { register: 2 }, { lostExchanges: 1 }],
    ['a winner that is not stored', [exchange(0, 1)], { register: 0 }, { lostExchanges: 1 }],
    ['a read that lacks an acknowledged append', [append(1, []), read([])], { list: [1] }, { staleReads: 1 }],
  ])('find %s', (_, operations, stored, breaches) => {
    expect(check(operations, stored)).toEqual({ ...NONE, ...breaches });
  });

  it('allow a read to lack an append that was acknowledged after the read was sent', () => {
    const early = read([]);
    expect(check([early, append(1, [])], { list: [1] })).toEqual(NONE);
  });

  it('find nodes that store different values', () => {
    expect(check([], { count: 0 }, { count: 1 })).toMatchObject({ divergence: 1 });
  });
});
