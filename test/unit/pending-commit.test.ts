import { Deadline } from '../../src/batching/deadline.js';
import type { Edit } from '../../src/commit/edit.js';
import { PendingCommit, allAttemptsFailed, outcomeUnknown } from '../../src/commit/pending-commit.js';
import { SessionLockLostError, SessionUnavailableError } from '../../src/index.js';
import { commitIdAfter, generationOf } from '../../src/records/commit-id.js';
import type { SessionRecord } from '../../src/records/session-record.js';
import { encoded, sessionRecord, storedRecord } from '../support/records.js';

const UNKNOWN = new Error('the connection was lost');
const same: Edit['apply'] = (current) => current;

function pending(base: SessionRecord | undefined, edit: Partial<Edit> = {}, deadline = new Deadline('commit', 60_000)): PendingCommit {
  return new PendingCommit('key', base, { apply: same, ...edit }, deadline);
}

describe('a pending commit', () => {
  const first = commitIdAfter(undefined);
  const second = commitIdAfter(first);
  const base = sessionRecord({ n: 1 }, { version: 3, commitId: first });

  it('has an id of its own, in the generation of its base', () => {
    const commit = pending(base);
    expect(commit.commitId).not.toBe(first);
    expect(generationOf(commit.commitId)).toBe(generationOf(first));
    expect(generationOf(pending(undefined).commitId)).not.toBe(generationOf(first));
  });

  it('counts its record as ended when it is absent or another generation has begun', () => {
    expect(pending(base).hasEnded(undefined)).toBe(true);
    expect(pending(base).hasEnded(storedRecord({}, { commitId: commitIdAfter(undefined) }))).toBe(true);
    expect(pending(base).hasEnded(storedRecord({}, { version: 4, commitId: second }))).toBe(false);
  });

  it('has no record that could end before its first save', () => {
    expect(pending(undefined).hasEnded(undefined)).toBe(false);
    expect(pending(undefined).hasEnded(storedRecord({}, { commitId: first }))).toBe(false);
  });

  it('knows a record as current only with the same version, the same commit id and the same data', () => {
    expect(pending(base).isCurrent(storedRecord({ n: 1 }, { version: 3, commitId: first }))).toBe(true);
    expect(pending(base).isCurrent(storedRecord({ n: 1 }, { version: 4, commitId: first }))).toBe(false);
    expect(pending(base).isCurrent(storedRecord({ n: 1 }, { version: 3, commitId: second }))).toBe(false);
    expect(pending(base).isCurrent(storedRecord({ n: 2 }, { version: 3, commitId: first }))).toBe(false);
    expect(pending(base).isCurrent(undefined)).toBe(false);
    expect(pending(undefined).isCurrent(storedRecord({}, { version: 3, commitId: first }))).toBe(false);
  });

  it('takes a new id with another record, so that it does not recognize an attempt on the earlier one', () => {
    const commit = pending(base);
    const before = commit.commitId;
    const other = sessionRecord({ n: 2 }, { version: 0, commitId: commitIdAfter(undefined) });
    commit.rebase(other);
    expect(commit.known).toBe(other);
    expect(commit.commitId).not.toBe(before);
    expect(generationOf(commit.commitId)).toBe(generationOf(other.commitId));
  });

  it('keeps its id with the same record, loaded again, and without a record', () => {
    const commit = pending(base);
    const before = commit.commitId;
    const again = sessionRecord({ n: 1 }, { version: 3, commitId: first });
    commit.rebase(again);
    expect(commit.known).toBe(again);
    expect(commit.commitId).toBe(before);
    commit.rebase(undefined);
    expect(commit.known).toBeUndefined();
    expect(commit.commitId).toBe(before);
  });

  it('stays the same while an outcome is unknown', () => {
    const commit = pending(base);
    const before = commit.commitId;
    commit.unknownOutcome = UNKNOWN;
    commit.rebase(sessionRecord({ n: 2 }, { version: 4, commitId: second }));
    expect(commit.known).toBe(base);
    expect(commit.commitId).toBe(before);
  });
});

describe('the edit of a pending commit', () => {
  it('runs once for the same values, and anew for others', () => {
    let runs = 0;
    const commit = pending(undefined, { apply: () => encoded({ runs: ++runs }) });
    const [one, other] = [encoded({ n: 1 }), encoded({ n: 1 })];
    const result = commit.apply(one);
    expect(commit.apply(one)).toBe(result);
    expect(commit.apply(other).get('runs')).toBe('2');
  });

  it('runs again after it has thrown', () => {
    let runs = 0;
    const commit = pending(undefined, {
      apply: () => {
        if (++runs === 1) throw new Error('no');
        return encoded({ runs });
      },
    });
    const values = encoded({});
    expect(() => commit.apply(values)).toThrow('no');
    expect(commit.apply(values).get('runs')).toBe('2');
  });

  it('is refused after the deadline, even for values that it has seen', () => {
    const deadline = new Deadline('commit', 60_000);
    const commit = pending(undefined, {}, deadline);
    const values = encoded({});
    commit.apply(values);
    const late = new Error('late');
    deadline.pass(late);
    expect(() => commit.apply(values)).toThrow(late);
  });
});

describe('a pending commit under a lease', () => {
  it.each([null, 'another'])('is refused when the record has the lease %o', (found) => {
    expect(() => pending(undefined, { leaseId: 'own' }).refuseLostLease(found)).toThrow(SessionLockLostError);
  });

  it('goes on while the record has its lease', () => {
    expect(() => pending(undefined, { leaseId: 'own' }).refuseLostLease('own')).not.toThrow();
  });

  it('asks for no lease if its edit needs none', () => {
    expect(() => pending(undefined).refuseLostLease('another')).not.toThrow();
  });
});

describe('a pending commit whose outcome is unknown', () => {
  const commitId = commitIdAfter(undefined);
  const base = sessionRecord({}, { version: 3, commitId });
  const asKnown = storedRecord({}, { version: 3, commitId });
  const changed = storedRecord({}, { version: 4, commitId: commitIdAfter(commitId) });

  function refusal(commit: PendingCommit, record: typeof asKnown | undefined): unknown {
    try {
      return void commit.refuseIfUnknown(record);
    } catch (error) {
      return error;
    }
  }

  it.each<[string, SessionRecord | undefined, typeof asKnown | undefined, boolean, boolean]>([
    ['an update, and the record is as it was', base, asKnown, false, false],
    ['an update, and the record has changed', base, changed, false, true],
    ['an update, and another program has changed the data', base, storedRecord({ n: 2 }, { version: 3, commitId }), false, true],
    ['an update, and the record is absent', base, undefined, false, true],
    ['a first save that only its request can destroy, and no record', undefined, undefined, false, false],
    ['a first save that others can destroy, and no record', undefined, undefined, true, true],
    ['a first save, and a record', undefined, changed, false, true],
  ])('may be sent again or not: %s', (_name, known, record, isFindable, isRefused) => {
    const commit = pending(known);
    commit.isFindable = isFindable;
    expect(refusal(commit, record)).toBeUndefined();
    commit.unknownOutcome = UNKNOWN;
    const error = refusal(commit, record);
    if (!isRefused) return expect(error).toBeUndefined();
    expect(error).toBeInstanceOf(SessionUnavailableError);
    expect((error as Error).message).toContain('Whether the commit took effect is unknown');
  });
});

describe('the errors of a commit', () => {
  it('name what the database said, and whether the commit may have taken effect', () => {
    expect(outcomeUnknown(UNKNOWN).message).toBe(
      'Could not commit the session: the database reported an error: the connection was lost. Whether the commit took effect is unknown. Load the session again to see the outcome before you retry.',
    );
    expect(allAttemptsFailed(4, UNKNOWN).message).toBe(
      'Could not commit the session: the database reported an error: the connection was lost. None of 4 attempts succeeded, and nothing was written; the client may try again.',
    );
  });

  it('keep the cause', () => {
    expect((outcomeUnknown(UNKNOWN).cause as Error).message).toBe(UNKNOWN.message);
    expect((allAttemptsFailed(4, UNKNOWN).cause as Error).message).toBe(UNKNOWN.message);
  });
});
