import { vi } from 'vitest';
import { TouchBatcher } from '../../src/batching/touch-batcher.js';
import { SessionUnavailableError, type Lifetime, type SmartSessionModuleOptions } from '../../src/index.js';
import { FaultyRepository } from '../support/faulty-repository.js';
import { gate, type Gate } from '../support/gate.js';
import { OtherProcess } from '../support/other-process.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

const HOUR = 3_600_000;
const KEYS = ['a', 'b', 'c', 'd'];

const life = (hours: number, more: Partial<Lifetime> = {}): Lifetime => ({ ms: hours * HOUR, slack: 0, explicit: false, ...more });

describe('the touches of records', () => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let observers: RecordingObservers;
  let touches: TouchBatcher;

  beforeAll(async () => void (database = await SessionsDatabase.open('sqlite', 'touch_batcher')));
  afterAll(() => database.close());

  beforeEach(async () => {
    // A batcher does not wait long for a statement. On a slow machine its timer would send the next one too early.
    vi.useFakeTimers({ toNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
    await database.run('delete from {table}');
    for (const key of KEYS) await new OtherProcess(database, key).insert({}, { lifetime: life(1, { explicit: true }) });
    setUp();
  });
  afterEach(() => void vi.useRealTimers());

  function setUp(given: SmartSessionModuleOptions = {}): void {
    repository = new FaultyRepository(database.context);
    observers = new RecordingObservers();
    touches = serviceOver(repository, given, undefined, observers).get(TouchBatcher);
  }

  /** Touches a record with a statement that does not end before the gate opens. */
  function touchHeld(key: string, lifetime: Lifetime): Gate & { readonly touched: Promise<void> } {
    const held = gate();
    repository.faults.touch = [held.fault];
    return { ...held, touched: touches.submit(key, lifetime) };
  }

  async function hoursLeft(): Promise<number[]> {
    const all = await repository.all();
    return KEYS.map((key) => Math.round(all.get(key)!.remaining / HOUR));
  }

  it('move the expiry', async () => {
    await touches.submit('a', life(5));
    expect(await hoursLeft()).toEqual([5, 1, 1, 1]);
    expect(repository.calls).toEqual(['touch']);
  });

  it('share a statement while one is in flight, each session once', async () => {
    const first = touchHeld('a', life(5));
    const waiting = ['b', 'c', 'b'].map((key) => touches.submit(key, life(5)));
    first.open();
    await Promise.all([first.touched, ...waiting]);
    expect(await hoursLeft()).toEqual([5, 5, 5, 1]);
    expect(repository.calls).toEqual(['touch', 'touchMany']);
    expect(repository.batches).toEqual([2]);
    expect(observers.told).toEqual([
      ['batch', 'touch', 1],
      ['batch', 'touch', 3],
    ]);
  });

  it.each<[string, Lifetime]>([
    ['time', life(6)],
    ['slack', life(5, { slack: 10 * HOUR })],
    ['max age', life(5, { maxAge: 7000 })],
  ])('of another %s have a statement of their own', async (_name, other) => {
    const first = touchHeld('a', life(5));
    const waiting = [touches.submit('b', life(5)), touches.submit('c', other), touches.submit('d', life(5))];
    first.open();
    await Promise.all([first.touched, ...waiting]);
    expect(repository.batches).toEqual([2]);
    expect(repository.calls).toEqual(['touch', 'touchMany', 'touch']);
    expect(await hoursLeft()).toEqual([5, 5, other.ms === 6 * HOUR ? 6 : 1, 5]);
  });

  it('fail together with their statement, and those with another do not', async () => {
    const first = touchHeld('a', life(5));
    repository.faults.touchMany = [{ kind: 'failed', effect: 'none' }];
    const waiting = Promise.allSettled([touches.submit('b', life(5)), touches.submit('c', life(6)), touches.submit('d', life(5))]);
    first.open();
    await first.touched;
    const failed = { status: 'rejected', reason: expect.any(SessionUnavailableError) };
    expect(await waiting).toMatchObject([failed, { status: 'fulfilled' }, failed]);
    expect(await hoursLeft()).toEqual([5, 1, 6, 1]);
  });

  it('wait for all statements of the touches before them', async () => {
    const first = touchHeld('a', life(5));
    const second = gate();
    repository.faults.touchMany = [second.fault];
    const waiting = ['b', 'c'].map((key) => touches.submit(key, life(5)));
    first.open();
    await second.arrived;
    const last = touches.submit('d', life(5));
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    expect(repository.calls).toEqual(['touch', 'touchMany']);
    second.open();
    await Promise.all([...waiting, last]);
    expect(repository.calls).toEqual(['touch', 'touchMany', 'touch']);
  });

  it('are sent alone and at once if their lifetime is explicit, and move the expiry backwards', async () => {
    await touches.submit('b', life(9));
    const first = touchHeld('a', life(5));
    await first.arrived;
    const waiting = touches.submit('b', life(8));
    const explicit = [5, 4].map((hours) => touches.submit('b', life(hours, { explicit: true })));
    await Promise.all(explicit);
    expect(await hoursLeft()).toEqual([1, 4, 1, 1]);
    first.open();
    await Promise.all([first.touched, waiting]);
    expect(await hoursLeft()).toEqual([5, 8, 1, 1]);
  });

  it('are refused beyond `maxWaiting`', async () => {
    setUp({ maxWaiting: 1 });
    const first = touchHeld('a', life(5));
    const second = touches.submit('b', life(5));
    await expect(touches.submit('c', life(5))).rejects.toThrow('Could not touch the session: 1 others are waiting');
    first.open();
    await Promise.all([first.touched, second]);
  });

  it('wait for the end of the turn after an answer of a driver that blocks', async () => {
    await touches.submit('a', life(5));
    const next = touches.submit('b', life(5));
    expect(repository.calls).toEqual(['touch']);
    await next;
  });
});
