import { vi } from 'vitest';
import { Deadline } from '../../src/batching/deadline.js';
import type { UpdateBatcher } from '../../src/batching/update-batcher.js';
import type { RecordChange, SmartSessionModuleOptions } from '../../src/index.js';
import { commitIdAfter } from '../../src/records/commit-id.js';
import type { SessionRecord } from '../../src/records/session-record.js';
import { FAILED, FaultyRepository } from '../support/faulty-repository.js';
import { gate, type Gate } from '../support/gate.js';
import { OtherProcess } from '../support/other-process.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

const KEYS = ['a', 'b', 'c', 'd'] as const;
type Key = (typeof KEYS)[number];

const late = new Error('late');

let database: SessionsDatabase;
let repository: FaultyRepository;
let observers: RecordingObservers;
let updates: UpdateBatcher;
let known: Record<Key, SessionRecord>;

beforeAll(async () => void (database = await SessionsDatabase.open('sqlite', 'update_batcher')));
afterAll(() => database.close());

beforeEach(async () => {
  // A batcher does not wait long for a statement. On a slow machine its timer would send the next one too early.
  vi.useFakeTimers({ toNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
  await database.run('delete from {table}');
  known = {} as typeof known;
  for (const key of KEYS) known[key] = await other(key).insert({});
  setUp();
});
afterEach(() => void vi.useRealTimers());

const other = (key: Key) => new OtherProcess(database, key);

function setUp(given: SmartSessionModuleOptions = {}, over = new FaultyRepository(database.context)): void {
  repository = over;
  observers = new RecordingObservers();
  updates = serviceOver(repository, given, undefined, observers).updates;
}

function submit(key: Key, given: Partial<RecordChange> = {}, deadline = new Deadline('commit', 60_000)): Promise<boolean> {
  const commitId = commitIdAfter(known[key].commitId);
  const lifetime = { ms: 60_000, slack: 0, explicit: true };
  const change = { data: '{"done":1}', commitId, userId: null, maxAge: null, lifetime, ...given };
  return updates.submit(key, { storageKey: key, known: known[key], change, deadline });
}

/** Submits an update whose statement does not end before the gate opens. */
function submitHeld(key: Key): Gate & { readonly written: Promise<boolean> } {
  const held = gate();
  repository.faults.update = [held.fault];
  return { ...held, written: submit(key) };
}

/** Returns the keys of the records that were updated. */
async function done(): Promise<string[]> {
  const all = await repository.all();
  return KEYS.filter((key) => all.get(key)?.data.includes('done'));
}

describe('the updates of records', () => {
  it('tell whether the record was as it was known', async () => {
    await other('b').set({ theirs: 1 });
    expect([await submit('a'), await submit('b')]).toEqual([true, false]);
    expect(await done()).toEqual(['a']);
    expect(repository.calls).toEqual(['update', 'update']);
  });

  it('share a statement while one is in flight, each with its own version check', async () => {
    await other('c').set({ theirs: 1 });
    const first = submitHeld('a');
    const waiting = (['b', 'c', 'd'] as const).map((key) => submit(key));
    first.open();
    expect([await first.written, ...(await Promise.all(waiting))]).toEqual([true, true, false, true]);
    expect(await done()).toEqual(['a', 'b', 'd']);
    expect(repository.calls).toEqual(['update', 'updateMany']);
    expect(repository.batches).toEqual([3]);
    expect(observers.told).toEqual([
      ['batch', 'update', 1],
      ['batch', 'update', 3],
    ]);
  });

  it('wait for the statement before them', async () => {
    const first = submitHeld('a');
    const second = gate();
    repository.faults.updateMany = [second.fault];
    await first.arrived;
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    const waiting = [submit('b'), submit('c')];
    expect(repository.calls).toEqual(['update']);
    first.open();
    await second.arrived;
    const last = submit('d');
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    expect(repository.calls).toEqual(['update', 'updateMany']);
    second.open();
    expect(await Promise.all([...waiting, last])).toEqual([true, true, true]);
    expect(repository.calls).toEqual(['update', 'updateMany', 'update']);
  });

  it('wait for the statements that are sent one by one before them', async () => {
    const first = submitHeld('a');
    const second = gate();
    repository.faults.update!.push(second.fault);
    repository.faults.updateMany = [FAILED];
    const waiting = [submit('b'), submit('c')];
    first.open();
    await second.arrived;
    const last = submit('d');
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    expect(repository.calls).toEqual(['update', 'updateMany', 'update', 'update']);
    second.open();
    expect(await Promise.all([...waiting, last])).toEqual([true, true, true]);
  });

  it('are sent by the statement for one if one waits', async () => {
    const first = submitHeld('a');
    const second = submit('b');
    first.open();
    expect([await first.written, await second]).toEqual([true, true]);
    expect(repository.calls).toEqual(['update', 'update']);
  });

  it('are sent alone and at once if they need a lease', async () => {
    await other('b').lease('own');
    const first = submitHeld('a');
    await first.arrived;
    expect(await submit('b', { leaseId: 'own' })).toBe(true);
    expect(await submit('c', { leaseId: 'own' })).toBe(false);
    expect(await done()).toEqual(['b']);
    first.open();
    await first.written;
  });

  it('are sent alone and at once if another of their record waits', async () => {
    const first = submitHeld('a');
    await first.arrived;
    const waiting = submit('b');
    expect(await submit('b', { data: '{"done":"at once"}' })).toBe(true);
    first.open();
    expect([await first.written, await waiting]).toEqual([true, false]);
    expect(await other('b').stored()).toMatchObject({ done: 'at once' });
  });

  class SingleUpdates extends FaultyRepository {
    override get mostUpdates(): number {
      return 1;
    }
  }

  it.each([
    ['the repository has no statement for many', () => Object.assign(new FaultyRepository(database.context), { updateMany: undefined })],
    ['its statement may have only one', () => new SingleUpdates(database.context)],
  ])('are sent alone and at once if %s', async (_name, make) => {
    setUp({}, make());
    const first = submitHeld('a');
    await first.arrived;
    expect([await submit('b'), await submit('c')]).toEqual([true, true]);
    first.open();
    await first.written;
    expect(repository.calls).toEqual(['update', 'update', 'update']);
    expect(observers.told).toEqual([]);
  });

  it('are sent alone, also those that wait already, once the repository has found that its statement may have only one', async () => {
    let mostUpdates = 50;
    class Changing extends FaultyRepository {
      override get mostUpdates(): number {
        return mostUpdates;
      }
    }
    setUp({}, new Changing(database.context));
    const first = submitHeld('a');
    const waiting = [submit('b'), submit('c')];
    mostUpdates = 1;
    first.open();
    expect(await Promise.all([first.written, ...waiting])).toEqual([true, true, true]);
    expect(repository.calls).toEqual(['update', 'update', 'update']);
  });

  it('share a statement only up to the largest size, which a single one may exceed', async () => {
    class SmallBatches extends FaultyRepository {
      override get longestBatch(): number {
        return 40;
      }
    }
    setUp({}, new SmallBatches(database.context));
    const data = (length: number) => ({ data: JSON.stringify({ done: 'x'.repeat(length - 11) }) });
    const first = submitHeld('a');
    const waiting = [submit('b', data(20)), submit('c', data(20)), submit('d', data(50))];
    first.open();
    expect(await Promise.all([first.written, ...waiting])).toEqual([true, true, true, true]);
    expect(repository.calls).toEqual(['update', 'updateMany', 'update']);
  });

  it('share a statement only up to the most keys', async () => {
    class Pairs extends FaultyRepository {
      override get mostUpdates(): number {
        return 2;
      }
    }
    setUp({}, new Pairs(database.context));
    const first = submitHeld('a');
    const waiting = [submit('b'), submit('c'), submit('d')];
    first.open();
    expect(await Promise.all([first.written, ...waiting])).toEqual([true, true, true, true]);
    expect(repository.calls).toEqual(['update', 'updateMany', 'update']);
  });

  it('are refused beyond `maxWaiting`', async () => {
    setUp({ maxWaiting: 1 });
    const first = submitHeld('a');
    const second = submit('b');
    await expect(submit('c')).rejects.toThrow('Could not commit the session: 1 others are waiting');
    first.open();
    await Promise.all([first.written, second]);
  });

  it('wait for the end of the turn after an answer of a driver that blocks', async () => {
    await submit('a');
    const next = submit('b');
    expect(repository.calls).toEqual(['update']);
    await next;
  });
});

describe('the updates of a statement that fails', () => {
  it('are sent one by one: only those fail that the database refuses', async () => {
    const first = submitHeld('a');
    repository.faults.update!.push(undefined, FAILED);
    repository.faults.updateMany = [FAILED];
    const waiting = Promise.allSettled([submit('b'), submit('c'), submit('d')]);
    first.open();
    expect(await waiting).toMatchObject([
      { status: 'fulfilled', value: true },
      { status: 'rejected', reason: { message: 'injected: failed' } },
      { status: 'fulfilled', value: true },
    ]);
    expect(await done()).toEqual(['a', 'b', 'd']);
    expect(repository.calls).toEqual(['update', 'updateMany', 'update', 'update', 'update']);
  });

  it.each(['rolled-back', 'not-done', 'unknown'] as const)('fail together if another attempt may help: %s', async (kind) => {
    const first = submitHeld('a');
    repository.faults.updateMany = [{ kind, effect: 'none' }];
    const waiting = Promise.allSettled([submit('b'), submit('c')]);
    first.open();
    const failed = { status: 'rejected', reason: { message: `injected: ${kind}` } };
    expect(await waiting).toMatchObject([failed, failed]);
    expect(await done()).toEqual(['a']);
    expect(repository.calls).toEqual(['update', 'updateMany']);
  });

  it('are not sent after their deadline', async () => {
    const first = submitHeld('a');
    const deadline = new Deadline('commit', 60_000);
    repository.faults.updateMany = [{ ...FAILED, meanwhile: async () => deadline.pass(late) }];
    const waiting = Promise.allSettled([submit('b'), submit('c', {}, deadline)]);
    first.open();
    expect(await waiting).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: late }]);
    expect(await done()).toEqual(['a', 'b']);
  });
});

describe('the updates that wait until their deadline', () => {
  it('reject with its reason, and the others are written', async () => {
    const first = submitHeld('a');
    const deadline = new Deadline('commit', 60_000);
    const waiting = Promise.allSettled([submit('b', {}, deadline), submit('c'), submit('d')]);
    deadline.pass(late);
    first.open();
    expect(await waiting).toMatchObject([{ status: 'rejected', reason: late }, { status: 'fulfilled' }, { status: 'fulfilled' }]);
    expect(await done()).toEqual(['a', 'c', 'd']);
    expect(repository.batches).toEqual([2]);
  });

  it('send no statement if no other is left', async () => {
    const first = submitHeld('a');
    const deadline = new Deadline('commit', 60_000);
    const waiting = submit('b', {}, deadline);
    deadline.pass(late);
    first.open();
    await expect(waiting).rejects.toBe(late);
    expect(repository.calls).toEqual(['update']);
  });
});
