import { vi } from 'vitest';
import { Deadline } from '../../src/batching/deadline.js';
import type { CommitQueue } from '../../src/commit/commit-queue.js';
import type { SessionDestroyer } from '../../src/ending/session-destroyer.js';
import { SessionUnavailableError } from '../../src/index.js';
import { LiveSession, type LiveState } from '../../src/live/live-session.js';
import type { DestroyReason } from '../../src/observers/session-observers.js';
import { FAILED, FaultyRepository, LOST_AFTER, type Fault } from '../support/faulty-repository.js';
import { gate } from '../support/gate.js';
import { NotedBackoff } from '../support/noted-backoff.js';
import { OtherProcess } from '../support/other-process.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { encoded } from '../support/records.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

let database: SessionsDatabase;
let repository: FaultyRepository;
let observers: RecordingObservers;
let commits: CommitQueue;
let destroyer: SessionDestroyer;

beforeAll(async () => void (database = await SessionsDatabase.open('sqlite', 'session_destroyer')));
afterAll(() => database.close());

beforeEach(async () => {
  await database.run('delete from {table}');
  repository = new FaultyRepository(database.context);
  observers = new RecordingObservers();
  ({ commits, destroyer } = serviceOver(repository, { timeout: 1000 }, new NotedBackoff(), observers));
});
afterEach(() => void vi.useRealTimers());

const insert = (key: string, userId: string | null = null) => new OtherProcess(database, key).insert({}, { userId });
const keys = async () => [...(await repository.all()).keys()].toSorted();

/** A session that a request has had for all of this test. */
function liveSession(storageKey: string, state: LiveState): LiveSession {
  return Object.assign(new LiveSession(storageKey), { state });
}

function useFakeTimers(): void {
  vi.useFakeTimers({ toNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
}

const silence: Fault = { effect: 'none', meanwhile: () => new Promise<never>(() => {}) };

describe('a session that is destroyed', () => {
  it('has no record then, and the observer is told its user and why', async () => {
    await insert('a', 'ann');
    await insert('b');
    expect(await destroyer.destroy('a', 'logout')).toBe(true);
    expect(await keys()).toEqual(['b']);
    expect(observers.told).toEqual([['destroyed', 'ann', 'logout']]);
  });

  it('is none if there is no record, and the observer is not told', async () => {
    expect(await destroyer.destroy('a', 'logout')).toBe(false);
    expect(observers.told).toEqual([]);
  });

  it('had the user that the record says, or else the one that the caller knows', async () => {
    await insert('a', 'ann');
    await insert('b', null);
    await insert('c', 'ann');
    await destroyer.destroy('a', 'replaced', 'of the caller');
    await destroyer.destroy('b', 'replaced', 'of the caller');
    repository.faults.destroy = [LOST_AFTER];
    await destroyer.destroy('c', 'replaced', 'of the caller');
    expect(observers.told).toEqual([
      ['destroyed', 'ann', 'replaced'],
      ['destroyed', null, 'replaced'],
      ['destroyed', 'of the caller', 'replaced'],
    ]);
  });

  it('is destroyed after its first save, if that is in flight', async () => {
    const held = gate();
    repository.faults.insert = [held.fault];
    const saved = commits.commit('a', undefined, { apply: () => encoded({ n: 1 }) }, new Deadline('commit', 60_000));
    await held.arrived;
    const destroyed = destroyer.destroy('a', 'logout');
    await new Promise(setImmediate);
    expect(repository.calls).toEqual(['insert']);
    held.open();
    expect(await saved).toMatchObject({ kind: 'committed' });
    expect(await destroyed).toBe(true);
    expect(await keys()).toEqual([]);
  });

  it('is not destroyed after the deadline, when its first save has ended', async () => {
    useFakeTimers();
    const held = gate();
    repository.faults.insert = [held.fault];
    const saved = commits.commit('a', undefined, { apply: () => encoded({ n: 1 }) }, new Deadline('commit', 60_000));
    await held.arrived;
    const destroyed = expect(destroyer.destroy('a', 'logout')).rejects.toThrow('did not answer within 1000 ms');
    await vi.advanceTimersByTimeAsync(1000);
    await destroyed;
    held.open();
    await saved;
    await new Promise(setImmediate);
    expect(repository.calls).toEqual(['insert']);
    expect(await keys()).toEqual(['a']);
  });

  it('may stay if the database does not answer', async () => {
    useFakeTimers();
    repository.faults.destroy = [silence];
    const destroyed = expect(destroyer.destroy('a', 'logout')).rejects.toThrow(
      'Could not destroy the session: the database did not answer within 1000 ms',
    );
    await vi.advanceTimersByTimeAsync(1000);
    await destroyed;
  });
});

describe('a request that still has a destroyed session', () => {
  it.each<DestroyReason>(['logout', 'revoked'])('finds it ended: %s', async (reason) => {
    await insert('a');
    const live = liveSession('a', 'stored');
    expect(destroyer.hasEnded(live)).toBe(false);
    await destroyer.destroy('a', reason);
    expect(destroyer.hasEnded(live)).toBe(true);
    expect(destroyer.hasEnded(liveSession('b', 'stored'))).toBe(false);
    expect(destroyer.ended.claim('a', false)).toBe(true);
  });

  it.each<DestroyReason>(['replaced', 'unreadable', 'evicted', 'refused'])('does not find it ended by the app: %s', async (reason) => {
    await insert('a');
    await destroyer.destroy('a', reason);
    expect(destroyer.ended.isEmpty).toBe(true);
  });

  it('finds it ended although there was no record', async () => {
    await destroyer.destroy('a', 'logout');
    expect(destroyer.hasEnded(liveSession('a', 'new'))).toBe(true);
    expect(destroyer.ended.claim('a', false)).toBe(false);
  });

  it('finds a session that was never stored ended before the statement, and a stored one after it', async () => {
    await insert('a');
    const held = gate();
    repository.faults.destroy = [held.fault];
    const destroyed = destroyer.destroy('a', 'logout');
    expect(destroyer.hasEnded(liveSession('a', 'new'))).toBe(true);
    expect(destroyer.hasEnded(liveSession('a', 'stored'))).toBe(false);
    held.open();
    await destroyed;
    expect(destroyer.hasEnded(liveSession('a', 'stored'))).toBe(true);
  });

  it('does not find it ended if it was destroyed before', async () => {
    await destroyer.destroy('a', 'logout');
    const later = Object.assign(liveSession('a', 'new'), { since: Infinity });
    expect(destroyer.hasEnded(later)).toBe(false);
  });

  it('does not find it ended if it could not be destroyed', async () => {
    await insert('a');
    repository.faults.destroy = [FAILED];
    await expect(destroyer.destroy('a', 'logout')).rejects.toThrow(SessionUnavailableError);
    expect(destroyer.ended.isEmpty).toBe(true);
    expect(observers.told).toEqual([]);
  });

  it('drops it if it was never stored: a stored one finds out by its next commit', async () => {
    const [stored, fresh, other] = [liveSession('a', 'stored'), liveSession('a', 'new'), liveSession('b', 'new')];
    await destroyer.destroy('a', 'logout');
    for (const live of [stored, fresh, other]) destroyer.noticeEnd(live);
    expect([stored.state, fresh.state, other.state]).toEqual(['stored', 'gone', 'new']);
  });
});

describe('the sessions of a user', () => {
  beforeEach(async () => {
    for (const key of ['a', 'b', 'c']) await insert(key, 'ann');
    await insert('other', 'bob');
  });

  it('are destroyed except one, and the observer is told of each', async () => {
    expect(await destroyer.destroyAll('ann', 'b')).toBe(2);
    expect(await keys()).toEqual(['b', 'other']);
    expect(observers.told).toEqual([
      ['destroyed', 'ann', 'revoked'],
      ['destroyed', 'ann', 'revoked'],
    ]);
  });

  it('are all destroyed if none is spared', async () => {
    expect(await destroyer.destroyAll('ann', undefined)).toBe(3);
    expect(await keys()).toEqual(['other']);
  });

  it('are found ended by their requests, but not the one that was spared', async () => {
    await destroyer.destroyAll('ann', 'b');
    expect(['a', 'b', 'c', 'other'].map((key) => destroyer.hasEnded(liveSession(key, 'stored')))).toEqual([true, false, true, false]);
    expect(destroyer.ended.claim('a', false)).toBe(true);
  });

  it('are destroyed as the caller chooses among them', async () => {
    const given: string[] = [];
    const choose = (all: readonly string[]) => (given.push(...all), all.filter((key) => key === 'c'));
    expect(await destroyer.destroySome('ann', choose, 'evicted')).toBe(1);
    expect(given.toSorted()).toEqual(['a', 'b', 'c']);
    expect(await keys()).toEqual(['a', 'b', 'other']);
    expect(observers.told).toEqual([['destroyed', 'ann', 'evicted']]);
    expect(destroyer.ended.isEmpty).toBe(true);
  });

  it('are counted once if the answer was lost', async () => {
    repository.faults.destroySome = [LOST_AFTER];
    expect(await destroyer.destroyAll('ann', 'b')).toBe(2);
    expect(observers.told).toHaveLength(2);
  });

  it('may stay if the database fails or does not answer', async () => {
    repository.faults.destroySome = [FAILED, silence];
    await expect(destroyer.destroyAll('ann', undefined)).rejects.toThrow('Could not destroy the session: the database reported an error');
    useFakeTimers();
    const destroyed = expect(destroyer.destroyAll('ann', undefined)).rejects.toThrow('did not answer within 1000 ms');
    await vi.advanceTimersByTimeAsync(1000);
    await destroyed;
    expect(observers.told).toEqual([]);
    expect(destroyer.ended.isEmpty).toBe(true);
  });

  it('are told of, and found ended, if they are destroyed after the deadline', async () => {
    useFakeTimers();
    const held = gate();
    repository.faults.destroySome = [held.fault];
    const destroyed = expect(destroyer.destroyAll('ann', undefined)).rejects.toThrow('did not answer within 1000 ms');
    await vi.advanceTimersByTimeAsync(1000);
    await destroyed;
    held.open();
    await new Promise(setImmediate);
    expect(await keys()).toEqual(['other']);
    expect(observers.told).toHaveLength(3);
    expect(destroyer.hasEnded(liveSession('a', 'stored'))).toBe(true);
  });
});

describe('expired records', () => {
  beforeEach(async () => {
    for (const key of ['a', 'b', 'c']) await insert(key, 'ann');
    await database.expireAll();
    await insert('live', 'ann');
  });

  it('are pruned up to a limit, and the observer is told of each', async () => {
    expect([await destroyer.prune(2), await destroyer.prune(2), await destroyer.prune(2)]).toEqual([2, 1, 0]);
    expect(await keys()).toEqual(['live']);
    expect(observers.told).toEqual(Array.from({ length: 3 }, () => ['expired', 'ann']));
  });

  it('are pruned without an observer too', async () => {
    const unobserved = serviceOver(repository).destroyer;
    expect(await unobserved.prune(10)).toBe(3);
  });

  it('stay if the database does not answer', async () => {
    useFakeTimers();
    repository.prune = () => new Promise<never>(() => {});
    const pruned = expect(destroyer.prune(10)).rejects.toThrow('Could not prune the session: the database did not answer within 1000 ms');
    await vi.advanceTimersByTimeAsync(1000);
    await pruned;
    expect(observers.told).toEqual([]);
  });
});
