import { vi } from 'vitest';
import { Deadline } from '../../src/batching/deadline.js';
import { CombinedEdit, LONGEST_BATCH, type QueuedCommit } from '../../src/commit/combined-edit.js';
import type { CommitOutcome, Edit } from '../../src/commit/edit.js';
import type { EncodedValues } from '../../src/merge/encoded-values.js';
import { decoded, encoded, sessionRecord } from '../support/records.js';

const OUTCOME: CommitOutcome = { kind: 'committed', record: sessionRecord({}) };

afterEach(() => vi.restoreAllMocks());

/** A queued commit that keeps how it was settled. */
interface Settled extends QueuedCommit {
  readonly settlements: unknown[];
}

function queued(apply: Edit['apply'], edit: Partial<Edit> = {}): Settled {
  const settlements: unknown[] = [];
  return {
    base: sessionRecord({}),
    edit: { apply, ...edit },
    deadline: new Deadline('commit', 60_000),
    member: undefined,
    settlements,
    resolve: (outcome) => settlements.push(['resolved', outcome]),
    reject: (error) => settlements.push(['rejected', error]),
  };
}

/** An edit that appends a name to the text under `log`. */
function appends(name: string): Edit['apply'] {
  return (current) => encoded({ log: logIn(current) + name });
}

function logIn(values: EncodedValues): string {
  return (decoded(values).log ?? '') as string;
}

function refuses(error: Error): Edit['apply'] {
  return () => {
    throw error;
  };
}

describe('a combined edit', () => {
  it('is the edit itself if there is only one', () => {
    const commit = queued(appends('a'), { maxAge: 5 });
    expect(new CombinedEdit([commit]).edit).toBe(commit.edit);
  });

  it('applies the edits in their order, each to what the one before it has made', () => {
    const batch = ['a', 'b', 'c'].map((name) => queued(appends(name)));
    const combined = new CombinedEdit(batch);
    expect(logIn(combined.edit.apply(encoded({ log: '0' })))).toBe('0abc');
    expect(combined.applied).toEqual(batch);
    expect(combined.left).toEqual([]);
  });

  it('extends the session if one of its edits does', () => {
    const [keeps, extendsIt] = [queued(appends('a'), { keepsExpiry: true }), queued(appends('b'))];
    expect(new CombinedEdit([keeps, keeps]).edit.keepsExpiry).toBe(true);
    expect(new CombinedEdit([keeps, extendsIt]).edit.keepsExpiry).toBeFalsy();
  });

  it('leaves a refused edit out: it rejects with its own error, and the others get the outcome', () => {
    const refusal = new Error('no');
    const [first, refused, last] = [queued(appends('a')), queued(refuses(refusal)), queued(appends('b'))];
    const combined = new CombinedEdit([first, refused, last]);
    expect(logIn(combined.edit.apply(encoded({})))).toBe('ab');
    for (const commit of combined.applied) combined.settle(commit, OUTCOME);
    expect([first, refused, last].map(({ settlements }) => settlements)).toEqual([
      [['resolved', OUTCOME]],
      [['rejected', refusal]],
      [['resolved', OUTCOME]],
    ]);
  });

  it('rejects each with the error of the batch, and a refused one with its own error', () => {
    const [refusal, failure] = [new Error('no'), new Error('the database is down')];
    const [refused, other] = [queued(refuses(refusal)), queued(appends('b'))];
    const combined = new CombinedEdit([refused, other]);
    combined.edit.apply(encoded({}));
    for (const commit of combined.applied) combined.reject(commit, failure);
    expect(refused.settlements).toEqual([['rejected', refusal]]);
    expect(other.settlements).toEqual([['rejected', failure]]);
  });

  it('leaves out an edit whose deadline has passed', () => {
    const [late, other] = [queued(appends('a')), queued(appends('b'))];
    const reason = new Error('late');
    late.deadline.pass(reason);
    const combined = new CombinedEdit([late, other]);
    expect(logIn(combined.edit.apply(encoded({})))).toBe('b');
    combined.settle(late, OUTCOME);
    expect(late.settlements).toEqual([['rejected', reason]]);
  });

  it('asks an edit again at each attempt: one that was refused before may be applied', () => {
    const onlyOnTwo: Edit['apply'] = (current) => {
      if (decoded(current).version !== 2) throw new Error('no');
      return current;
    };
    const commit = queued(onlyOnTwo);
    const combined = new CombinedEdit([commit, queued((current) => current)]);
    combined.edit.apply(encoded({ version: 1 }));
    combined.edit.apply(encoded({ version: 2 }));
    combined.settle(commit, OUTCOME);
    expect(commit.settlements).toEqual([['resolved', OUTCOME]]);
  });
});

describe('a combined edit that takes long', () => {
  let now: number;

  beforeEach(() => {
    now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => now);
  });

  /** An edit that takes some ms by the clock of the test. */
  const slow = (name: string, ms: number) =>
    queued((current) => {
      now += ms;
      return appends(name)(current);
    });

  it('takes no further edit after its time, and keeps the rest', () => {
    const batch = [slow('a', LONGEST_BATCH), slow('b', 1), slow('c', 1)];
    const combined = new CombinedEdit(batch);
    expect(logIn(combined.edit.apply(encoded({})))).toBe('ab');
    expect(combined.applied).toEqual(batch.slice(0, 2));
    expect(combined.left).toEqual(batch.slice(2));
  });

  it('takes at least one edit, however long that takes', () => {
    const batch = [slow('a', 10 * LONGEST_BATCH), slow('b', 1)];
    const combined = new CombinedEdit(batch);
    expect(logIn(combined.edit.apply(encoded({})))).toBe('a');
    expect(combined.left).toEqual(batch.slice(1));
  });

  it('takes one edit if the time is over before the first', () => {
    const batch = [slow('a', 0), slow('b', 0)];
    const combined = new CombinedEdit(batch);
    vi.spyOn(performance, 'now').mockImplementation(() => (now += LONGEST_BATCH + 1));
    expect(logIn(combined.edit.apply(encoded({})))).toBe('a');
    expect(combined.left).toEqual(batch.slice(1));
  });

  it('has as much time again at the next attempt', () => {
    let ms = LONGEST_BATCH + 1;
    const first = queued((current) => {
      now += ms;
      return appends('a')(current);
    });
    const combined = new CombinedEdit([first, slow('b', 0)]);
    combined.edit.apply(encoded({}));
    expect(combined.left).toHaveLength(1);
    ms = 0;
    expect(logIn(combined.edit.apply(encoded({})))).toBe('ab');
    expect(combined.left).toEqual([]);
  });
});
