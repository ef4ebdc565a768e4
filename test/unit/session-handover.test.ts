import { Logger } from '@nestjs/common';
import { vi } from 'vitest';
import expressSession from 'express-session';
import { SessionHandover } from '../../src/ending/session-handover.js';
import {
  SessionConflictError,
  SessionGoneError,
  SessionMergeError,
  SessionNotSerializableError,
  SessionReadOnlyError,
  SessionUnavailableError,
  type MergeRule,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { LiveSession } from '../../src/live/live-session.js';
import { LiveSessionField } from '../../src/live/live-session-field.js';
import { FaultyRepository, LOST_AFTER, LOST_BEFORE, type Fault } from '../support/faulty-repository.js';
import { gate } from '../support/gate.js';
import { NotedBackoff } from '../support/noted-backoff.js';
import { OtherProcess } from '../support/other-process.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { decoded } from '../support/records.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;

let database: SessionsDatabase;
let others: OtherProcess;
let repository: FaultyRepository;
let observers: RecordingObservers;
let backoff: NotedBackoff;
let handover: SessionHandover;
let session: Live;
let live: LiveSession;

beforeAll(async () => {
  Logger.overrideLogger(false);
  database = await SessionsDatabase.open('sqlite', 'session_handover');
});
afterAll(() => database.close());

beforeEach(async () => {
  others = new OtherProcess(database, 'key');
  await database.run('delete from {table}');
  const record = await others.insert({ user: 'ann', n: 1 });
  session = { cookie: new expressSession.Cookie(), user: 'ann', n: 1 };
  live = new LiveSession('key');
  live.moveTo(record, Infinity);
  LiveSessionField.set(session, live);
  setUp();
});
afterEach(() => void vi.useRealTimers());

function setUp(given: SmartSessionModuleOptions = {}): void {
  repository = new FaultyRepository(database.context);
  observers = new RecordingObservers();
  backoff = new NotedBackoff();
  handover = serviceOver(repository, { userId: 'user', ...given }, backoff, observers).get(SessionHandover);
}

const take = async () => decoded(await handover.endAndTakeValues(session, live));
const rows = () => database.run('select session_id from {table}');
const race = (values: Record<string, unknown>): Fault => ({ effect: 'none', meanwhile: () => others.set(values) });

describe('the values of a session that ends', () => {
  it('are those of its record, of which nothing is left', async () => {
    expect(await take()).toEqual({ user: 'ann', n: 1 });
    expect(live.state).toBe('gone');
    expect(await rows()).toEqual([]);
    expect(repository.calls).toEqual(['end', 'removeExpired']);
    expect(observers.of('destroyed')).toEqual([['destroyed', 'ann', 'replaced']]);
  });

  it('contain what the request has changed', async () => {
    session.n = 2;
    session.cart = ['tea'];
    expect(await take()).toEqual({ user: 'ann', n: 2, cart: ['tea'] });
  });

  it('contain what others have stored, merged by the rules', async () => {
    const sum: MergeRule<number> = ({ base = 0, theirs = 0, mine = 0 }) => theirs + mine - base;
    setUp({ merge: { n: sum } as never });
    await others.set({ n: 10, theirs: 1 });
    session.n = 2;
    expect(await take()).toEqual({ user: 'ann', n: 11, theirs: 1 });
    expect(repository.calls).toEqual(['end', 'load', 'end', 'removeExpired']);
    expect(observers.of('destroyed')).toEqual([['destroyed', 'ann', 'replaced']]);
  });

  it('contain what others have stored if the request has changed nothing', async () => {
    await others.set({ theirs: 1 });
    expect(await take()).toEqual({ user: 'ann', n: 1, theirs: 1 });
  });

  it('are those of the request if it was never stored, and no statement is sent', async () => {
    live = new LiveSession('key');
    session = { cookie: new expressSession.Cookie(), draft: 1 };
    expect(await take()).toEqual({ draft: 1 });
    session = { cookie: new expressSession.Cookie() };
    expect(await take()).toEqual({});
    expect(repository.calls).toEqual([]);
  });

  it('come after the empty row was deleted, so that its key is free', async () => {
    const held = gate();
    repository.faults.removeExpired = [held.fault];
    let isTaken = false;
    const taken = take().then(() => (isTaken = true));
    await held.arrived;
    await new Promise(setImmediate);
    expect(isTaken).toBe(false);
    held.open();
    await taken;
    expect(await rows()).toEqual([]);
  });

  it('are taken although the empty row could not be deleted', async () => {
    repository.faults.removeExpired = [{ kind: 'failed', effect: 'none' }];
    expect(await take()).toEqual({ user: 'ann', n: 1 });
    expect(live.state).toBe('gone');
    expect(await others.stored()).toBeUndefined();
    expect(await rows()).toHaveLength(1);
  });
});

describe('a session that others change while it ends', () => {
  it('is read again, up to `maxAttempts` times, with a wait in between', async () => {
    setUp({ maxAttempts: 3 });
    repository.faults.end = [race({ a: 1 }), race({ a: 2 })];
    expect(await take()).toEqual({ user: 'ann', n: 1, a: 2 });
    expect(backoff.failed).toEqual([2, 3]);
  });

  it('stays if it was changed during each attempt', async () => {
    setUp({ maxAttempts: 2 });
    repository.faults.end = [race({ a: 1 }), race({ a: 2 })];
    const failure = take();
    await expect(failure).rejects.toThrow(SessionConflictError);
    await expect(failure).rejects.toThrow('during each of 2 attempts');
    expect(await others.stored()).toEqual({ user: 'ann', n: 1, a: 2, version: 2 });
    expect(live.state).toBe('stored');
    expect(observers.of('destroyed')).toEqual([]);
  });
});

describe('a session that has ended before', () => {
  it('is not ended again if the request knows', async () => {
    live.state = 'gone';
    await expect(take()).rejects.toThrow(SessionGoneError);
    await expect(take()).rejects.toThrow('Could not regenerate session');
    expect(repository.calls).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>, unknown]>([
    ['was destroyed', () => others.destroy(), undefined],
    ['has expired', () => database.expireAll(), undefined],
    ['was destroyed and another has begun', async () => (await others.destroy(), others.insert({ other: 1 })), { other: 1, version: 0 }],
    ['cannot be read', async () => (await others.set({ n: 2 }), others.garble()), 'unreadable'],
  ])('gives no values if its record %s', async (_name, meanwhile, left) => {
    await meanwhile();
    await expect(take()).rejects.toThrow(SessionGoneError);
    if (left !== 'unreadable') expect(await others.stored()).toEqual(left);
    expect(repository.calls).toEqual(['end', 'load']);
    expect(observers.of('destroyed')).toEqual([]);
  });
});

describe('an end whose answer was lost', () => {
  it('is recognized, and gives the values', async () => {
    repository.faults.end = [LOST_AFTER];
    session.n = 2;
    expect(await take()).toEqual({ user: 'ann', n: 2 });
    expect(await rows()).toEqual([]);
    expect(observers.of('destroyed')).toEqual([['destroyed', 'ann', 'replaced']]);
  });

  it('is sent again if it had not arrived', async () => {
    repository.faults.end = [LOST_BEFORE];
    expect(await take()).toEqual({ user: 'ann', n: 1 });
    expect(repository.calls).toEqual(['end', 'end', 'removeExpired']);
  });

  it('gives no values if another request may have ended the session', async () => {
    repository.faults.end = [{ ...LOST_BEFORE, meanwhile: () => others.destroy() }];
    const failure = take();
    await expect(failure).rejects.toThrow(SessionUnavailableError);
    await expect(failure).rejects.toThrow('It is unknown which request ended it, so its values are not carried over.');
    expect(observers.of('destroyed')).toEqual([]);
  });

  it('goes on with the record if another request has changed it', async () => {
    repository.faults.end = [{ ...LOST_BEFORE, meanwhile: () => others.set({ theirs: 1 }) }];
    expect(await take()).toEqual({ user: 'ann', n: 1, theirs: 1 });
  });
});

describe('a session that cannot be handed over', () => {
  const untouched = { user: 'ann', n: 1, version: 0 };

  it('stays if it holds what cannot be stored', async () => {
    session.n = () => 1;
    await expect(take()).rejects.toThrow(SessionNotSerializableError);
    expect(await others.stored()).toEqual(untouched);
  });

  it('stays if it is read-only and was changed', async () => {
    live.policy = { keepsExpiry: false, isReadOnly: true };
    session.n = 2;
    await expect(take()).rejects.toThrow(SessionReadOnlyError);
    expect(await others.stored()).toEqual(untouched);
  });

  it('stays if a merge rule fails: that is asked before the record ends', async () => {
    const broken = () => {
      throw new Error('no way');
    };
    setUp({ merge: { n: broken } as never });
    await others.set({ n: 10 });
    session.n = 2;
    await expect(take()).rejects.toThrow(SessionMergeError);
    expect(await others.stored()).toEqual({ user: 'ann', n: 10, version: 1 });
    expect(repository.calls).toEqual(['end', 'load']);
  });

  it('stays if the database fails', async () => {
    repository.faults.end = [{ kind: 'failed', effect: 'none' }];
    await expect(take()).rejects.toThrow('Could not destroy the session: the database reported an error');
    expect(await others.stored()).toEqual(untouched);
    expect(live.state).toBe('stored');
  });

  it('is not waited for after `timeout`, and is not ended later', async () => {
    vi.useFakeTimers({ toNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
    setUp({ timeout: 1000 });
    const waiting = Promise.withResolvers<void>();
    const hasWaited = new Promise<void>((resolve) => {
      backoff.wait = () => (resolve(), waiting.promise);
    });
    repository.faults.end = [race({ theirs: 1 })];
    const failure = expect(take()).rejects.toThrow('Could not destroy the session: the database did not answer within 1000 ms');
    await hasWaited;
    await vi.advanceTimersByTimeAsync(1000);
    await failure;
    waiting.resolve();
    await new Promise(setImmediate);
    expect(repository.calls).toEqual(['end', 'load']);
    expect(await others.stored()).toMatchObject({ theirs: 1 });
  });
});
