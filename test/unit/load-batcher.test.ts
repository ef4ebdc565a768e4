import { vi } from 'vitest';
import { LoadBatcher } from '../../src/batching/load-batcher.js';
import { SessionUnavailableError, type SmartSessionModuleOptions, type StoredRecord } from '../../src/index.js';
import { FaultyRepository } from '../support/faulty-repository.js';
import { gate, type Gate } from '../support/gate.js';
import { NotedBackoff } from '../support/noted-backoff.js';
import { OtherProcess } from '../support/other-process.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

describe('the loads of records', () => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let observers: RecordingObservers;
  let loads: LoadBatcher;

  beforeAll(async () => {
    database = await SessionsDatabase.open('sqlite', 'load_batcher');
    for (const key of ['a', 'b', 'c']) await new OtherProcess(database, key).insert({ key });
  });
  afterAll(() => database.close());

  beforeEach(() => {
    // A batcher does not wait long for a statement. On a slow machine its timer would send the next one too early.
    vi.useFakeTimers({ toNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
    setUp();
  });
  afterEach(() => void vi.useRealTimers());

  function setUp(given: SmartSessionModuleOptions = {}): void {
    repository = new FaultyRepository(database.context);
    observers = new RecordingObservers();
    loads = serviceOver(repository, given, new NotedBackoff(), observers).loads;
  }

  /** Loads a key with a query that does not end before the gate opens. */
  function loadHeld(key: string): Gate & { readonly loaded: Promise<StoredRecord | undefined> } {
    const held = gate();
    repository.faults.load = [held.fault];
    return { ...held, loaded: loads.submit(key) };
  }

  const dataOf = (records: readonly (StoredRecord | undefined)[]) => records.map((record) => record && JSON.parse(record.data).key);

  it('find the record of the key, or none', async () => {
    expect(dataOf([await loads.submit('a'), await loads.submit('absent')])).toEqual(['a', undefined]);
    expect(repository.calls).toEqual(['load', 'load']);
  });

  it('share a query while one is in flight, and each gets the record of its own key', async () => {
    const first = loadHeld('a');
    const waiting = ['b', 'absent', 'c', 'b'].map((key) => loads.submit(key));
    first.open();
    expect(dataOf([await first.loaded, ...(await Promise.all(waiting))])).toEqual(['a', 'b', undefined, 'c', 'b']);
    expect(repository.calls).toEqual(['load', 'loadMany']);
    expect(repository.batches).toEqual([3]);
    expect(observers.told).toEqual([
      ['batch', 'load', 1],
      ['batch', 'load', 4],
    ]);
  });

  it('fail together with their query, and the others do not', async () => {
    const first = loadHeld('a');
    repository.faults.loadMany = [{ kind: 'failed', effect: 'none' }];
    const waiting = Promise.allSettled([loads.submit('b'), loads.submit('c')]);
    first.open();
    expect(dataOf([await first.loaded])).toEqual(['a']);
    for (const outcome of await waiting) expect(outcome).toMatchObject({ reason: expect.any(SessionUnavailableError) });
    expect(dataOf([await loads.submit('b')])).toEqual(['b']);
  });

  it('are retried', async () => {
    repository.faults.load = [{ kind: 'unknown', effect: 'none' }];
    expect(dataOf([await loads.submit('a')])).toEqual(['a']);
    expect(repository.calls).toEqual(['load', 'load']);
  });

  it('are refused beyond `maxWaiting`', async () => {
    setUp({ maxWaiting: 1 });
    const first = loadHeld('a');
    const second = loads.submit('b');
    await expect(loads.submit('c')).rejects.toThrow('Could not load the session: 1 others are waiting');
    first.open();
    expect(dataOf([await first.loaded, await second])).toEqual(['a', 'b']);
  });

  it('wait for the end of the turn after an answer of a driver that blocks', async () => {
    await loads.submit('a');
    const next = loads.submit('b');
    expect(repository.calls).toEqual(['load']);
    await next;
    expect(repository.calls).toEqual(['load', 'load']);
  });
});

describe('the time that a query has', () => {
  let now: number;

  beforeEach(() => {
    now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => void vi.restoreAllMocks());

  it.each([
    { waited: 0, left: 5000 },
    { waited: 300.5, left: 4700 },
    { waited: 5000, left: 1 },
    { waited: 9000, left: 1 },
  ])('is $left ms of 5000 after the load that came first has waited for $waited ms', async ({ waited, left }) => {
    const { loads, retrying } = serviceOver({ isBlocking: false } as FaultyRepository, { timeout: 5000 });
    const firstAnswer = Promise.withResolvers<ReadonlyMap<string, undefined>>();
    const loadMany = vi.spyOn(retrying, 'loadMany').mockReturnValueOnce(firstAnswer.promise).mockResolvedValueOnce(new Map());
    const first = loads.submit('a');
    const second = loads.submit('b');
    now += waited;
    const third = loads.submit('c');
    firstAnswer.resolve(new Map());
    await Promise.all([first, second, third]);
    expect(loadMany.mock.calls).toEqual([
      [['a'], { timeout: 5000 }],
      [['b', 'c'], { timeout: left }],
    ]);
  });
});
