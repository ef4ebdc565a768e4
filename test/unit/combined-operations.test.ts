import { combineOperations } from '../../src/observers/combined-operations.js';
import type { OperationObserver } from '../../src/observers/session-observers.js';

/** An observer that notes when each operation begins and ends. */
function noting(name: string, notes: unknown[]): OperationObserver {
  const around = async <Result>(what: string, work: () => Promise<Result>, ...rest: unknown[]): Promise<Result> => {
    notes.push([name, what, 'begins', ...rest]);
    try {
      return await work();
    } finally {
      notes.push([name, what, 'ends']);
    }
  };
  return {
    load: (load, route) => around('load', load, route?.text),
    commit: (commit, route) => around('commit', commit, route?.text),
    current: () => `of ${name}`,
    batch: (kind, members, send) => around('batch', send, kind, members),
    conflicted: () => void notes.push([name, 'conflicted']),
    retried: () => void notes.push([name, 'retried']),
  };
}

describe('two observers of operations', () => {
  let notes: unknown[];
  let both: OperationObserver;
  const run = (operation: 'load' | 'commit', work: () => Promise<{ kind: string }>, route?: { text?: string }) =>
    operation === 'load' ? both.load(work, route) : both.commit(work, route);

  beforeEach(() => {
    notes = [];
    both = combineOperations(noting('outer', notes), noting('inner', notes));
  });

  it.each(['load', 'commit'] as const)('run each %s one within the other, with its route and its result', async (operation) => {
    const found = { kind: 'committed' };
    expect(await run(operation, () => Promise.resolve(found), { text: 'GET /' })).toBe(found);
    expect(notes).toEqual([
      ['outer', operation, 'begins', 'GET /'],
      ['inner', operation, 'begins', 'GET /'],
      ['inner', operation, 'ends'],
      ['outer', operation, 'ends'],
    ]);
  });

  it.each(['load', 'commit'] as const)('pass on the error of a %s', async (operation) => {
    await expect(run(operation, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(notes).toHaveLength(4);
  });

  it('get back for a batch the operations that each of them has named', async () => {
    const members = [both.current(), both.current()];
    expect(await both.batch('update', members, () => Promise.resolve(7))).toBe(7);
    expect(notes.slice(0, 2)).toEqual([
      ['outer', 'batch', 'begins', 'update', ['of outer', 'of outer']],
      ['inner', 'batch', 'begins', 'update', ['of inner', 'of inner']],
    ]);
  });

  it('are both told of conflicts and retries', () => {
    both.conflicted();
    both.retried();
    expect(notes).toEqual([
      ['outer', 'conflicted'],
      ['inner', 'conflicted'],
      ['outer', 'retried'],
      ['inner', 'retried'],
    ]);
  });
});
