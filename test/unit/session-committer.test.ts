import { Logger } from '@nestjs/common';
import { Deadline } from '../../src/batching/deadline.js';
import type { CommitOutcome, Edit } from '../../src/commit/edit.js';
import { SessionCommitter } from '../../src/commit/session-committer.js';
import {
  SessionConflictError,
  SessionDecryptionError,
  SessionLockLostError,
  SessionTooLargeError,
  SessionUnavailableError,
  type RecordChange,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import type { SessionRecord } from '../../src/records/session-record.js';
import { FAILED, FaultyRepository, LOST_AFTER, LOST_BEFORE, ROLLED_BACK, type Fault } from '../support/faulty-repository.js';
import { NotedBackoff } from '../support/noted-backoff.js';
import { OtherProcess } from '../support/other-process.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { decoded, encoded } from '../support/records.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

const NOT_DONE: Fault = { kind: 'not-done', effect: 'none' };
const KEY = '4f8a2c91d3e7b605a1c8f2e94b7d3068b59e02c7f14a6d8390be5c72a16f3d48';

const UNCHANGED: Edit = { apply: (current) => current };

/** An edit that sets values. */
function sets(values: Record<string, unknown>, more: Partial<Edit> = {}): Edit {
  return { apply: (current) => encoded({ ...decoded(current), ...values }), ...more };
}

function refuses(reason: unknown, more: Partial<Edit> = {}): Edit {
  return {
    apply: () => {
      throw reason;
    },
    ...more,
  };
}

function valuesOf(outcome: CommitOutcome): unknown {
  return outcome.kind === 'committed' ? { ...decoded(outcome.record.values), version: outcome.record.version } : outcome.kind;
}

let database: SessionsDatabase;
let others: OtherProcess;
let repository: FaultyRepository;
let observers: RecordingObservers;
let backoff: NotedBackoff;
let committer: SessionCommitter;
let base: SessionRecord;

beforeAll(async () => {
  Logger.overrideLogger(false);
  database = await SessionsDatabase.open('sqlite', 'session_committer');
});
afterAll(() => database.close());

beforeEach(async () => {
  others = new OtherProcess(database, 'key');
  await database.run('delete from {table}');
  base = await others.insert({ n: 1 });
  setUp();
});

function setUp(given: SmartSessionModuleOptions = {}): void {
  repository = new FaultyRepository(database.context);
  repository.locksFirst = true;
  observers = new RecordingObservers();
  backoff = new NotedBackoff();
  committer = serviceOver(repository, given, backoff, observers).get(SessionCommitter);
}

function commit(edit: Edit, known: SessionRecord | undefined = base, deadline = new Deadline('commit', 60_000)): Promise<CommitOutcome> {
  return committer.commit('key', known, edit, deadline);
}

function firstSave(edit: Edit): Promise<CommitOutcome> {
  return committer.commit('key', undefined, edit, new Deadline('commit', 60_000));
}

/** A statement that comes after another writer's. */
const race = (values: Record<string, unknown>): Fault => ({ effect: 'none', meanwhile: () => others.set(values) });

/** Keeps the changes of all updates by version. */
function keepChanges(): { readonly changes: RecordChange[]; sendAgain(): Promise<boolean> } {
  const changes: RecordChange[] = [];
  const { update } = repository;
  let again = () => Promise.resolve(false);
  repository.update = (...parameters) => {
    changes.push(parameters[2]);
    again = () => new FaultyRepository(database.context).update(...parameters);
    return update.apply(repository, parameters);
  };
  return { changes, sendAgain: () => again() };
}

describe('a commit of a record that is as it is known', () => {
  it('is one update', async () => {
    expect(valuesOf(await commit(sets({ b: 1 })))).toEqual({ n: 1, b: 1, version: 1 });
    expect(await others.stored()).toEqual({ n: 1, b: 1, version: 1 });
    expect(repository.calls).toEqual(['update']);
    expect(observers.of('created', 'conflicted', 'retried')).toEqual([]);
  });

  it('sends nothing if the edit changes nothing', async () => {
    expect(await commit(UNCHANGED)).toEqual({ kind: 'committed', record: base });
    expect(repository.calls).toEqual([]);
  });

  it.each([5000, null])('is written if the edit sets only a max age (%o)', async (maxAge) => {
    await database.run('update {table} set max_age = 7000');
    await commit({ ...UNCHANGED, maxAge });
    expect(await repository.load('key')).toMatchObject({ version: 1, maxAge });
  });

  it('keeps the max age of the record', async () => {
    await others.destroy();
    base = await others.insert({ n: 1 }, { maxAge: 7000 });
    const outcome = await commit(sets({ n: 2 }));
    expect(outcome).toMatchObject({ record: { maxAge: 7000 } });
    expect(await repository.load('key')).toMatchObject({ version: 1, maxAge: 7000 });
  });

  it('looks whether an edit that must see the current values and changes nothing has seen them', async () => {
    expect(valuesOf(await commit({ ...UNCHANGED, mustSeeCurrent: true }))).toEqual({ n: 1, version: 0 });
    expect(repository.calls).toEqual(['load']);
  });
});

describe('a first save', () => {
  beforeEach(() => others.destroy());

  it('is one insert, of which the observer is told with the user', async () => {
    setUp({ userId: 'user' });
    const outcome = await firstSave(sets({ user: 'ann' }, { maxAge: 5000 }));
    expect(valuesOf(outcome)).toEqual({ user: 'ann', version: 0 });
    expect(await repository.load('key')).toMatchObject({ version: 0, maxAge: 5000 });
    expect(repository.calls).toEqual(['insert', 'load']);
    expect(observers.told).toEqual([['created', 'ann']]);
  });

  it('has no max age if the edit sets none', async () => {
    await firstSave(sets({ n: 1 }));
    expect(await repository.load('key')).toMatchObject({ maxAge: null });
  });

  it('stores a session without values, unless the edit only looks at the current values', async () => {
    expect(await firstSave({ ...UNCHANGED, mustSeeCurrent: true })).toEqual({ kind: 'unstored' });
    expect(repository.calls).toEqual([]);
    expect(valuesOf(await firstSave(UNCHANGED))).toEqual({ version: 0 });
    expect(await others.stored()).toEqual({ version: 0 });
  });

  it('replaces an expired row, and tells the observer of both sessions', async () => {
    await others.insert({ old: 1 });
    await database.expireAll();
    expect(valuesOf(await firstSave(sets({ n: 1 })))).toEqual({ n: 1, version: 0 });
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
    expect(repository.calls).toEqual(['insert', 'removeExpired', 'load', 'insert']);
    expect(observers.of('expired', 'created')).toEqual([
      ['expired', undefined],
      ['created', null],
    ]);
  });

  it('updates a record that another request has inserted', async () => {
    await others.insert({ theirs: 1 });
    expect(valuesOf(await firstSave(sets({ n: 1 })))).toEqual({ theirs: 1, n: 1, version: 1 });
    expect(repository.calls).toEqual(['insert', 'removeExpired', 'load', 'update']);
    expect(observers.told.map(([kind]) => kind)).toEqual(['conflicted', 'retried', 'batch']);
  });

  it('finds the session gone if the record in its place cannot be read', async () => {
    await others.insert({});
    await others.garble();
    expect(await firstSave(sets({ n: 1 }))).toEqual({ kind: 'gone' });
    expect(repository.calls).toEqual(['insert', 'removeExpired', 'load']);
  });
});

describe('a commit that meets another writer', () => {
  it('applies its edit to what the other has stored', async () => {
    repository.faults.update = [race({ theirs: 1 })];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, theirs: 1, mine: 1, version: 2 });
    expect(await others.stored()).toEqual({ n: 1, theirs: 1, mine: 1, version: 2 });
    expect(repository.calls).toEqual(['update', 'load', 'update']);
    expect(observers.of('conflicted', 'retried')).toEqual([['conflicted'], ['retried']]);
    expect(backoff.failed).toEqual([1]);
  });

  it('waits before it loads the record again', async () => {
    const waited = Promise.withResolvers<void>();
    const isWaiting = new Promise<void>((resolve) => {
      backoff.wait = () => (resolve(), waited.promise);
    });
    repository.faults.update = [race({ theirs: 1 })];
    const outcome = commit(sets({ mine: 1 }));
    await isWaiting;
    expect(repository.calls).toEqual(['update']);
    waited.resolve();
    await outcome;
    expect(repository.calls).toEqual(['update', 'load', 'update']);
  });

  it('writes nothing if the other has stored the same', async () => {
    repository.faults.update = [race({ b: 1 })];
    expect(valuesOf(await commit(sets({ b: 1 })))).toEqual({ n: 1, b: 1, version: 1 });
    expect(repository.calls).toEqual(['update', 'load']);
  });

  it('takes the lock of the row after three attempts', async () => {
    repository.faults.update = [race({ a: 1 }), race({ a: 2 }), race({ a: 3 })];
    repository.faults.updateLocked = [race({ a: 4 })];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, a: 4, mine: 1, version: 5 });
    expect(await others.stored()).toEqual({ n: 1, a: 4, mine: 1, version: 5 });
    expect(repository.calls).toEqual(['update', 'load', 'update', 'load', 'update', 'load', 'updateLocked']);
    expect(backoff.failed).toEqual([1, 2, 3]);
  });

  it('fails after `maxAttempts`, and writes nothing', async () => {
    setUp({ maxAttempts: 2 });
    repository.faults.update = [race({ a: 1 }), race({ a: 2 })];
    const failure = commit(sets({ mine: 1 }));
    await expect(failure).rejects.toThrow(SessionConflictError);
    await expect(failure).rejects.toThrow('was changed by others during each of 2 attempts');
    expect(repository.calls).toEqual(['update', 'load', 'update']);
    expect(observers.of('conflicted', 'retried')).toEqual([['conflicted'], ['retried'], ['conflicted']]);
    expect(await others.stored()).toEqual({ n: 1, a: 2, version: 2 });
  });

  it('sees the current values if its edit must, even if it changes nothing', async () => {
    await others.set({ theirs: 1 });
    expect(valuesOf(await commit({ ...UNCHANGED, mustSeeCurrent: true }))).toEqual({ n: 1, theirs: 1, version: 1 });
    expect(valuesOf(await commit(UNCHANGED))).toEqual({ n: 1, version: 0 });
  });

  it('does not look at the record before an update: that finds out by itself', async () => {
    await commit(sets({ n: 2 }, { mustSeeCurrent: true }));
    expect(repository.calls).toEqual(['update']);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['was destroyed', () => others.destroy()],
    ['has expired', () => database.expireAll()],
    ['was destroyed and another has begun', async () => (await others.destroy(), others.insert({ other: 1 }))],
    ['cannot be read', async () => (await others.set({ theirs: 1 }), others.garble())],
  ])('finds the session gone if the record %s', async (_name, meanwhile) => {
    repository.faults.update = [{ effect: 'none', meanwhile }];
    expect(await commit(sets({ mine: 1 }))).toEqual({ kind: 'gone' });
    expect(repository.calls).toEqual(['update', 'load']);
  });
});

describe('a commit that compares the data of the row', () => {
  beforeEach(() => {
    setUp({ locking: 'pessimistic' });
    repository.locksFirst = false;
  });

  it('is one update, if the record is as it is known', async () => {
    expect(valuesOf(await commit(sets({ b: 1 })))).toEqual({ n: 1, b: 1, version: 1 });
    expect(await others.stored()).toEqual({ n: 1, b: 1, version: 1 });
    expect(repository.calls).toEqual(['updateMany']);
  });

  it('is the base of the next one', async () => {
    const first = await commit(sets({ b: 1 }));
    if (first.kind !== 'committed') throw new Error(first.kind);
    expect(valuesOf(await commit(sets({ c: 1 }), first.record))).toEqual({ n: 1, b: 1, c: 1, version: 2 });
    expect(repository.calls).toEqual(['updateMany', 'updateMany']);
  });

  it.each<[string, () => Promise<unknown>, object]>([
    ['another commit has changed', () => others.set({ theirs: 1 }), { n: 1, theirs: 1, mine: 1, version: 2 }],
    [
      'a program that does not know the version has changed',
      () => database.run(`update {table} set data = '{"n":1,"theirs":1}'`),
      { n: 1, theirs: 1, mine: 1, version: 1 },
    ],
  ])('locks the row that %s, and merges both changes', async (_name, meanwhile, stored) => {
    repository.faults.updateMany = [{ effect: 'none', meanwhile }];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual(stored);
    expect(await others.stored()).toEqual(stored);
    expect(repository.calls).toEqual(['updateMany', 'updateLocked']);
  });

  it('keeps a max age that another program has set', async () => {
    repository.faults.updateMany = [{ effect: 'none', meanwhile: () => database.run('update {table} set max_age = 77') }];
    await commit(sets({ mine: 1 }));
    expect(await database.run('select max_age from {table}')).toEqual([{ max_age: 77 }]);
  });

  it('applies an edit that was refused to the current record', async () => {
    const apply: Edit['apply'] = (current) => {
      if (!current.has('stock')) throw new Error('sold out');
      return sets({ sold: 1 }).apply(current);
    };
    await expect(commit({ apply })).rejects.toThrow('sold out');
    await database.run(`update {table} set data = '{"n":1,"stock":1}'`);
    expect(valuesOf(await commit({ apply }))).toEqual({ n: 1, stock: 1, sold: 1, version: 1 });
    expect(repository.calls).toEqual(['updateLocked', 'updateLocked']);
  });

  it('locks the row if the edit changes nothing, so that it sees the current record', async () => {
    await database.run(`update {table} set data = '{"n":1,"theirs":1}'`);
    expect(valuesOf(await commit(UNCHANGED))).toEqual({ n: 1, theirs: 1, version: 0 });
    expect(repository.calls).toEqual(['updateLocked']);
  });

  it('locks the row if the edit needs a lease', async () => {
    await others.lease('mine');
    await commit({ ...sets({ mine: 1 }), leaseId: 'mine' });
    expect(repository.calls).toEqual(['updateLocked']);
  });

  it.each([ROLLED_BACK, NOT_DONE, LOST_BEFORE])('locks the row in the next attempt: %o', async (fault) => {
    repository.faults.updateMany = [fault];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, mine: 1, version: 1 });
    expect(repository.calls).toEqual(['updateMany', 'load', 'updateLocked']);
  });

  it('AtMostOnce: is done if the connection was lost after it', async () => {
    repository.faults.updateMany = [LOST_AFTER];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, mine: 1, version: 1 });
    expect(repository.calls).toEqual(['updateMany', 'load']);
  });

  it('has no unknown outcome if it wrote nothing, and the lock did not come', async () => {
    setUp({ locking: 'pessimistic', maxAttempts: 1 });
    repository.locksFirst = false;
    await others.set({ theirs: 1 });
    repository.faults.updateLocked = [LOST_BEFORE];
    await expect(commit(sets({ mine: 1 }))).rejects.toThrow('nothing was written');
    expect(repository.calls).toEqual(['updateMany', 'updateLocked']);
  });
});

describe('a commit under the lock of the row', () => {
  beforeEach(() => setUp({ locking: 'pessimistic' }));

  it('comes at the first attempt with `locking: pessimistic`', async () => {
    await others.set({ theirs: 1 });
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, theirs: 1, mine: 1, version: 2 });
    expect(await others.stored()).toEqual({ n: 1, theirs: 1, mine: 1, version: 2 });
    expect(repository.calls).toEqual(['updateLocked']);
  });

  it('is not needed for a first save', async () => {
    await others.destroy();
    await firstSave(sets({ n: 1 }));
    expect(repository.calls).toEqual(['insert']);
  });

  it('writes nothing if the edit changes nothing, and returns the current record', async () => {
    await others.set({ theirs: 1 });
    expect(valuesOf(await commit(UNCHANGED))).toEqual({ n: 1, theirs: 1, version: 1 });
    expect(await others.stored()).toEqual({ n: 1, theirs: 1, version: 1 });
  });

  it.each<[string, () => Promise<unknown>, unknown]>([
    ['was destroyed', () => others.destroy(), undefined],
    ['has expired', () => database.expireAll(), undefined],
    ['was destroyed and another has begun', async () => (await others.destroy(), others.insert({ other: 1 })), { other: 1, version: 0 }],
  ])('finds the session gone if the record %s', async (_name, meanwhile, stored) => {
    await meanwhile();
    expect(await commit(sets({ mine: 1 }))).toEqual({ kind: 'gone' });
    expect(await others.stored()).toEqual(stored);
  });

  it('finds the session gone if the record cannot be read', async () => {
    await others.garble();
    expect(await commit(sets({ mine: 1 }))).toEqual({ kind: 'gone' });
    expect(await repository.load('key')).toMatchObject({ version: 0, data: '{' });
  });

  it('finds the session gone if the record expires before it is written', async () => {
    repository.updateLocked = async (key, decide) => {
      decide((await repository.load(key))!);
      return undefined;
    };
    expect(await commit(sets({ mine: 1 }))).toEqual({ kind: 'gone' });
  });

  it('is retried if the transaction was rolled back', async () => {
    repository.faults.updateLocked = [ROLLED_BACK];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, mine: 1, version: 1 });
    expect(repository.calls).toEqual(['updateLocked', 'load', 'updateLocked']);
  });

  it('is done if the connection was lost after it', async () => {
    repository.faults.updateLocked = [LOST_AFTER];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, mine: 1, version: 1 });
    expect(repository.calls).toEqual(['updateLocked', 'load']);
  });

  it('has no unknown outcome if the connection was lost before the row was read', async () => {
    setUp({ locking: 'pessimistic', maxAttempts: 1 });
    repository.faults.updateLocked = [LOST_BEFORE];
    await expect(commit(sets({ mine: 1 }))).rejects.toThrow('None of 1 attempts succeeded, and nothing was written');
    expect(repository.calls).toEqual(['updateLocked']);
  });

  it('has no unknown outcome if there was nothing to write', async () => {
    setUp({ locking: 'pessimistic', maxAttempts: 1 });
    repository.faults.updateLocked = [LOST_AFTER];
    await expect(commit(UNCHANGED)).rejects.toThrow('nothing was written');
  });
});

describe('a statement that fails', () => {
  it.each([ROLLED_BACK, NOT_DONE, LOST_BEFORE])('is retried: %o', async (fault) => {
    repository.faults.update = [fault];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, mine: 1, version: 1 });
    expect(repository.calls).toEqual(['update', 'load', 'update']);
    expect(observers.of('conflicted', 'retried')).toEqual([['retried']]);
  });

  it('is not retried if that does not help', async () => {
    repository.faults.update = [FAILED];
    const failure = commit(sets({ mine: 1 }));
    await expect(failure).rejects.toThrow(SessionUnavailableError);
    await expect(failure).rejects.toThrow('Could not commit the session: the database reported an error: injected: failed.');
    expect(repository.calls).toEqual(['update']);
  });

  it('ends the commit if it is the load before another attempt', async () => {
    repository.faults.update = [ROLLED_BACK];
    repository.faults.load = [FAILED];
    await expect(commit(sets({ mine: 1 }))).rejects.toThrow('Could not commit the session');
    expect(repository.calls).toEqual(['update', 'load']);
  });

  it('costs an attempt if it is the load before one', async () => {
    setUp({ maxAttempts: 3 });
    repository.faults.update = [ROLLED_BACK];
    repository.faults.load = [LOST_BEFORE];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, mine: 1, version: 1 });
    expect(repository.calls).toEqual(['update', 'load', 'load', 'update']);
    expect(backoff.failed).toEqual([1, 2]);
  });

  it('is the reason if no attempt is left, also with conflicts', async () => {
    setUp({ maxAttempts: 2 });
    repository.faults.update = [NOT_DONE, race({ a: 1 })];
    const failure = commit(sets({ mine: 1 }));
    await expect(failure).rejects.toThrow(SessionUnavailableError);
    await expect(failure).rejects.toThrow('injected: not-done. None of 2 attempts succeeded, and nothing was written');
  });

  it('counts as a conflict if the database has rolled it back', async () => {
    setUp({ maxAttempts: 2 });
    repository.faults.update = [ROLLED_BACK, ROLLED_BACK];
    const failure = commit(sets({ mine: 1 }));
    await expect(failure).rejects.toThrow(SessionConflictError);
    await expect(failure).rejects.toMatchObject({ cause: { message: 'injected: rolled-back' } });
  });

  it('is not the cause of a conflict that came after it', async () => {
    setUp({ maxAttempts: 2 });
    repository.faults.update = [ROLLED_BACK, race({ a: 1 })];
    const failure = await commit(sets({ mine: 1 })).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SessionConflictError);
    expect((failure as Error).cause).toBeUndefined();
  });

  it('has no unknown outcome if it only reads', async () => {
    setUp({ maxAttempts: 1 });
    repository.faults.load = [LOST_BEFORE];
    await expect(commit({ ...UNCHANGED, mustSeeCurrent: true })).rejects.toThrow('None of 1 attempts succeeded, and nothing was written');
  });

  it('has no unknown outcome after an insert that has found a row', async () => {
    setUp({ maxAttempts: 1 });
    repository.faults.removeExpired = [LOST_BEFORE];
    await expect(firstSave(sets({ n: 1 }))).rejects.toThrow('None of 1 attempts succeeded, and nothing was written');
  });
});

describe('an update whose outcome is unknown', () => {
  it('is done if the record has its commit id', async () => {
    repository.faults.update = [LOST_AFTER];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, mine: 1, version: 1 });
    expect(repository.calls).toEqual(['update', 'load']);
    expect(observers.of('created')).toEqual([]);
  });

  it('is sent again as it was, and takes effect once, even if the earlier one arrives late', async () => {
    let runs = 0;
    const { changes, sendAgain } = keepChanges();
    repository.faults.update = [LOST_BEFORE, { effect: 'none', meanwhile: sendAgain }];
    const outcome = await commit({ apply: () => encoded({ runs: ++runs }) });
    expect(valuesOf(outcome)).toEqual({ runs: 1, version: 1 });
    expect(await others.stored()).toEqual({ runs: 1, version: 1 });
    expect(changes).toHaveLength(2);
    expect(changes[1]).toEqual(changes[0]);
  });

  it('is recognized under the lock of the row if it arrives late', async () => {
    const { sendAgain } = keepChanges();
    repository.faults.update = [LOST_BEFORE, LOST_BEFORE, LOST_BEFORE];
    repository.faults.updateLocked = [{ effect: 'none', meanwhile: sendAgain }];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, mine: 1, version: 1 });
    expect(await others.stored()).toEqual({ n: 1, mine: 1, version: 1 });
  });

  it.each([LOST_AFTER, LOST_BEFORE])('is not retried if another has written since: %o', async (fault) => {
    repository.faults.update = [{ ...fault, meanwhile: () => others.set({ theirs: 1 }) }];
    const failure = commit(sets({ mine: 1 }));
    await expect(failure).rejects.toThrow(SessionUnavailableError);
    await expect(failure).rejects.toThrow('injected: unknown. Whether the commit took effect is unknown.');
    expect(repository.calls).toEqual(['update', 'load']);
  });

  it('is not retried under the lock of the row if another has written since', async () => {
    repository.faults.update = [LOST_BEFORE, LOST_BEFORE, LOST_BEFORE];
    repository.faults.updateLocked = [race({ theirs: 1 })];
    await expect(commit(sets({ mine: 1 }))).rejects.toThrow('Whether the commit took effect is unknown');
    expect(await others.stored()).toEqual({ n: 1, theirs: 1, version: 1 });
  });

  it.each(['optimistic', 'pessimistic'] as const)('does not count as a lost lease (%s)', async (locking) => {
    setUp({ locking });
    const stolen: Fault = { ...LOST_AFTER, meanwhile: async () => (await others.set({ theirs: 1 }), others.lease('another')) };
    repository.faults = locking === 'optimistic' ? { update: [stolen] } : { updateLocked: [stolen] };
    await database.run("update {table} set lease_id = 'own', lease_expires_at = 0");
    await expect(commit(sets({ mine: 1 }, { leaseId: 'own' }))).rejects.toThrow('Whether the commit took effect is unknown');
  });

  it('is gone with its record', async () => {
    repository.faults.update = [{ ...LOST_AFTER, meanwhile: () => others.destroy() }];
    expect(await commit(sets({ mine: 1 }))).toEqual({ kind: 'gone' });
  });

  it('is found by a later load', async () => {
    repository.faults.update = [LOST_AFTER];
    repository.faults.load = [LOST_BEFORE, ROLLED_BACK];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, mine: 1, version: 1 });
    expect(repository.calls).toEqual(['update', 'load', 'load', 'load']);
  });

  it('stays unknown if the database cannot be asked', async () => {
    repository.faults.update = [LOST_AFTER];
    repository.faults.load = [FAILED];
    await expect(commit(sets({ mine: 1 }))).rejects.toThrow('Could not find out the outcome of a commit of the session');
    expect(repository.calls).toEqual(['update', 'load']);
  });

  it('stays unknown if too many wait for another attempt', async () => {
    const full = new SessionUnavailableError('commit', 'full');
    repository.faults.update = [LOST_BEFORE, { error: full, effect: 'none' }];
    await expect(commit(sets({ mine: 1 }))).rejects.toThrow('Whether the commit took effect is unknown');
    repository.faults.update = [{ error: full, effect: 'none' }];
    await expect(commit(sets({ mine: 1 }))).rejects.toBe(full);
  });

  it('is looked at once more after the last attempt', async () => {
    setUp({ maxAttempts: 1 });
    repository.faults.update = [LOST_AFTER];
    expect(valuesOf(await commit(sets({ mine: 1 })))).toEqual({ n: 1, mine: 1, version: 1 });
    expect(repository.calls).toEqual(['update', 'load']);
  });

  it.each<[string, Fault | undefined]>([
    ['does not show it', undefined],
    ['is not answered', LOST_BEFORE],
  ])('stays unknown if the look after the last attempt %s', async (_name, look) => {
    setUp({ maxAttempts: 1 });
    repository.faults.update = [LOST_BEFORE];
    repository.faults.load = [look];
    await expect(commit(sets({ mine: 1 }))).rejects.toThrow('Whether the commit took effect is unknown');
  });

  it('keeps the error of the attempt whose outcome is unknown', async () => {
    setUp({ maxAttempts: 2 });
    repository.faults.update = [{ error: new Error('the first'), effect: 'none' }, LOST_BEFORE];
    await expect(commit(sets({ mine: 1 }))).rejects.toMatchObject({ cause: { message: 'the first' } });
  });
});

describe('a first save whose outcome is unknown', () => {
  beforeEach(async () => {
    await others.destroy();
    setUp({ userId: 'user' });
  });

  it('is done if the record has its commit id, and the observer is told once', async () => {
    repository.faults.insert = [LOST_AFTER];
    expect(valuesOf(await firstSave(sets({ user: 'ann' })))).toEqual({ user: 'ann', version: 0 });
    expect(repository.calls).toEqual(['insert', 'load']);
    expect(observers.of('created')).toEqual([['created', 'ann']]);
  });

  it('is sent again if only its own request can have destroyed the session', async () => {
    repository.faults.insert = [LOST_BEFORE];
    expect(valuesOf(await firstSave(sets({ n: 1 })))).toEqual({ n: 1, version: 0 });
    expect(repository.calls).toEqual(['insert', 'load', 'insert']);
    expect(observers.of('created')).toEqual([['created', null]]);
  });

  it.each<[string, Edit]>([
    ['by its user', sets({ user: 'ann' })],
    ['by its id', sets({ n: 1 }, { isIdKnown: true })],
  ])('is not sent again if others can have destroyed the session %s', async (_name, edit) => {
    repository.faults.insert = [LOST_BEFORE];
    await expect(firstSave(edit)).rejects.toThrow('Whether the commit took effect is unknown');
    expect(repository.calls).toEqual(['insert', 'load']);
    expect(await others.stored()).toBeUndefined();
  });

  it('stays unknown if another has written since', async () => {
    repository.faults.insert = [{ ...LOST_AFTER, meanwhile: () => others.set({ theirs: 1 }) }];
    await expect(firstSave(sets({ n: 1 }))).rejects.toThrow('Whether the commit took effect is unknown');
    expect(await others.stored()).toEqual({ n: 1, theirs: 1, version: 1 });
  });

  it('finds the session gone if its own record cannot be read', async () => {
    repository.faults.insert = [{ ...LOST_AFTER, meanwhile: () => others.garble() }];
    expect(await firstSave(sets({ n: 1 }))).toEqual({ kind: 'gone' });
    expect(observers.of('created')).toEqual([]);
  });
});

describe('a commit under a lease', () => {
  const edit = sets({ mine: 1 }, { leaseId: 'own' });

  it('is written while the record has the lease', async () => {
    await others.lease('own');
    expect(valuesOf(await commit(edit))).toEqual({ n: 1, mine: 1, version: 1 });
    expect(repository.calls).toEqual(['update']);
  });

  it('is refused if the record has another lease', async () => {
    await others.lease('another');
    await expect(commit(edit)).rejects.toThrow(SessionLockLostError);
    expect(repository.calls).toEqual(['update', 'load']);
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
  });

  describe('that it releases', () => {
    const last = sets({ mine: 1 }, { leaseId: 'own', releasesLease: true });
    const leaseId = async () => (await repository.load('key'))?.leaseId;

    beforeEach(() => others.lease('own'));

    it('is one statement', async () => {
      expect(await commit(last)).toMatchObject({ kind: 'committed', isReleased: true });
      expect(repository.calls).toEqual(['updateAndRelease']);
      expect(await leaseId()).toBeNull();
      expect(await others.stored()).toEqual({ n: 1, mine: 1, version: 1 });
    });

    it('is merged after a conflict, and released then', async () => {
      repository.faults.updateAndRelease = [race({ theirs: 1 })];
      expect(await commit(last)).toMatchObject({ isReleased: true });
      expect(await others.stored()).toEqual({ n: 1, theirs: 1, mine: 1, version: 2 });
      expect(await leaseId()).toBeNull();
    });

    it.each([LOST_AFTER, LOST_BEFORE])('is released once, if the connection was lost: %o', async (fault) => {
      repository.faults.updateAndRelease = [fault];
      expect(await commit(last)).toMatchObject({ isReleased: true });
      expect(await others.stored()).toEqual({ n: 1, mine: 1, version: 1 });
      expect(await leaseId()).toBeNull();
    });

    it('is done, and leaves the lease of another alone, if that one came after a lost answer', async () => {
      repository.faults.updateAndRelease = [{ ...LOST_AFTER, meanwhile: () => others.lease('theirs') }];
      expect(await commit(last)).toMatchObject({ kind: 'committed', isReleased: true });
      expect(await leaseId()).toBe('theirs');
    });

    it('is refused if the lease was lost', async () => {
      await database.run("update {table} set lease_id = 'theirs'");
      await expect(commit(last)).rejects.toThrow(SessionLockLostError);
      expect(await leaseId()).toBe('theirs');
      expect(await others.stored()).toEqual({ n: 1, version: 0 });
    });

    it('stays leased under the lock of the row, or if the repository cannot do both', async () => {
      setUp({ locking: 'pessimistic' });
      const locked = await commit(last);
      expect(locked).not.toMatchObject({ isReleased: true });
      setUp();
      Object.assign(repository, { updateAndRelease: undefined });
      const known = locked.kind === 'committed' ? locked.record : undefined;
      expect(await commit(sets({ mine: 2 }, { leaseId: 'own', releasesLease: true }), known)).toMatchObject({ isReleased: false });
      expect(await leaseId()).toBe('own');
    });
  });

  it('is refused under the lock of the row too', async () => {
    setUp({ locking: 'pessimistic' });
    await others.lease('another');
    await expect(commit(edit)).rejects.toThrow(SessionLockLostError);
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
  });

  it('is refused if the edit only looks at the current values', async () => {
    await others.lease('another');
    await expect(commit({ ...UNCHANGED, mustSeeCurrent: true, leaseId: 'own' })).rejects.toThrow(SessionLockLostError);
    expect(repository.calls).toEqual(['load']);
  });
});

describe('an edit that is refused', () => {
  const reason = new Error('no');

  it.each(['optimistic', 'pessimistic'] as const)('rejects with its own error, and writes nothing (%s)', async (locking) => {
    setUp({ locking });
    await expect(commit(refuses(reason))).rejects.toBe(reason);
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
    expect(repository.calls).toEqual(locking === 'optimistic' ? [] : ['updateLocked']);
  });

  it('rejects a first save', async () => {
    await others.destroy();
    await expect(firstSave(refuses(reason))).rejects.toBe(reason);
    expect(repository.calls).toEqual([]);
  });

  it('rejects with any value that it throws', async () => {
    await expect(commit(refuses(undefined))).rejects.toBeUndefined();
  });

  it('is asked again if it must see the current values and has seen older ones', async () => {
    await others.set({ n: 2 });
    const onlyTwo: Edit = {
      apply: (current) => {
        if (decoded(current).n !== 2) throw reason;
        return encoded({ n: 3 });
      },
    };
    await expect(commit(onlyTwo)).rejects.toBe(reason);
    expect(valuesOf(await commit({ ...onlyTwo, mustSeeCurrent: true }))).toEqual({ n: 3, version: 2 });
  });

  it('rejects if it must see the current values and has seen them', async () => {
    await expect(commit(refuses(reason, { mustSeeCurrent: true }))).rejects.toBe(reason);
    expect(repository.calls).toEqual(['load']);
  });
});

describe('a record', () => {
  it('is not written over `maxBytes`', async () => {
    setUp({ maxBytes: 20 });
    await expect(commit(sets({ text: 'x'.repeat(20) }))).rejects.toThrow(SessionTooLargeError);
    expect(repository.calls).toEqual([]);
  });

  it.each(['optimistic', 'pessimistic'] as const)('stays as it is if it cannot be opened (%s)', async (locking) => {
    setUp({ locking, encryption: { keys: [KEY] } });
    await others.set({ theirs: 1 });
    await expect(commit(sets({ mine: 1 }))).rejects.toThrow(SessionDecryptionError);
    expect(await others.stored()).toEqual({ n: 1, theirs: 1, version: 1 });
  });
});

describe('after the deadline', () => {
  const late = new Error('late');
  let deadline: Deadline;

  beforeEach(() => void (deadline = new Deadline('commit', 60_000)));

  it.each(['optimistic', 'pessimistic'] as const)('nothing is sent (%s)', async (locking) => {
    setUp({ locking });
    deadline.pass(late);
    await expect(commit(sets({ mine: 1 }), base, deadline)).rejects.toBe(late);
    expect(repository.calls).toEqual([]);
  });

  it('no attempt begins', async () => {
    repository.faults.update = [ROLLED_BACK];
    repository.faults.load = [{ effect: 'none', meanwhile: async () => deadline.pass(late) }];
    await expect(commit(sets({ mine: 1 }), base, deadline)).rejects.toBe(late);
    expect(repository.calls).toEqual(['update', 'load']);
  });

  it('an attempt of which the outcome is unknown is not sent again', async () => {
    repository.faults.insert = [{ ...LOST_BEFORE, meanwhile: async () => deadline.pass(late) }];
    await others.destroy();
    await expect(committer.commit('key', undefined, sets({ n: 1 }), deadline)).rejects.toBe(late);
    expect(repository.calls).toEqual(['insert', 'load']);
  });

  it('a row lock that comes late writes nothing', async () => {
    setUp({ locking: 'pessimistic' });
    repository.faults.updateLocked = [{ effect: 'none', meanwhile: async () => deadline.pass(late) }];
    await expect(commit(sets({ mine: 1 }), base, deadline)).rejects.toBe(late);
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
  });
});
