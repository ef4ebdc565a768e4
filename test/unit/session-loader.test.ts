import { Logger } from '@nestjs/common';
import expressSession, { type SessionData } from 'express-session';
import {
  SessionDecryptionError,
  SessionInTransactionError,
  SessionUnavailableError,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import type { LiveSessions } from '../../src/live/live-sessions.js';
import { SessionLoader } from '../../src/protocol/session-loader.js';
import { FAILED, FaultyRepository } from '../support/faulty-repository.js';
import { NotedBackoff } from '../support/noted-backoff.js';
import { OtherProcess } from '../support/other-process.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

const KEY = '4f8a2c91d3e7b605a1c8f2e94b7d3068b59e02c7f14a6d8390be5c72a16f3d48';

let database: SessionsDatabase;
let repository: FaultyRepository;
let observers: RecordingObservers;
let lives: LiveSessions;
let loader: SessionLoader;

beforeAll(async () => {
  Logger.overrideLogger(false);
  database = await SessionsDatabase.open('sqlite', 'session_loader');
});
afterAll(() => database.close());

beforeEach(async () => {
  await database.run('delete from {table}');
  await other('a').insert({ n: 1 });
  setUp();
});

const other = (id: string) => new OtherProcess(database, id);

function setUp(given: SmartSessionModuleOptions = {}, isInTransaction?: () => boolean): void {
  repository = new FaultyRepository(database.context);
  observers = new RecordingObservers();
  const services = serviceOver(repository, { hashIds: false, ...given }, new NotedBackoff(), observers, isInTransaction);
  lives = services.live;
  loader = services.get(SessionLoader);
}

describe('a session that is loaded', () => {
  it('has its values and its base', async () => {
    const data = (await loader.load('a'))!;
    expect(data).toMatchObject({ n: 1, cookie: { originalMaxAge: null } });
    expect(lives.find(data)).toMatchObject({ storageKey: 'a', state: 'stored' });
    expect(observers.told).toEqual([
      ['batch', 'load', 1],
      ['load', true],
    ]);
  });

  it('is absent without a record, and the observer is told', async () => {
    expect(await loader.load('absent')).toBeUndefined();
    expect(observers.of('load')).toEqual([['load', false]]);
  });

  it('is absent if it has expired or cannot be read', async () => {
    await other('a').garble();
    expect(await loader.load('a')).toBeUndefined();
    expect(observers.of('load')).toEqual([['load', false]]);
    await other('b').insert({ n: 1 });
    await database.expireAll();
    expect(await loader.load('b')).toBeUndefined();
  });

  it('is absent for what is no session id, without a statement', async () => {
    expect(await loader.load('')).toBeUndefined();
    expect(await loader.load({} as string)).toBeUndefined();
    expect(repository.calls).toEqual([]);
  });

  it('is refused inside a transaction of the app', async () => {
    setUp({}, () => true);
    await expect(loader.load('a')).rejects.toThrow(SessionInTransactionError);
    await expect(loader.all()).rejects.toThrow(SessionInTransactionError);
    expect(repository.calls).toEqual([]);
  });

  it('is not absent if it cannot be opened', async () => {
    setUp({ encryption: { keys: [KEY] } });
    await expect(loader.load('a')).rejects.toThrow(SessionDecryptionError);
  });

  it('is found under the hash of its id', async () => {
    setUp({ hashIds: true });
    expect(await loader.load('a')).toBeUndefined();
  });

  it('comes without an observer too', async () => {
    loader = serviceOver(repository, { hashIds: false }).get(SessionLoader);
    expect(await loader.load('a')).toMatchObject({ n: 1 });
  });

  it('may be large: sessions that one query returns have a turn of the event loop each', async () => {
    const ids = ['b', 'c', 'd'];
    for (const id of ids) await other(id).insert({ text: 'x'.repeat(70_000) });
    const events: string[] = [];
    const loads = ['a', ...ids].map((id) => loader.load(id).then(() => events.push(id)));
    await Promise.all([...loads, ticks(events)]);
    const large = events.filter((event) => event !== 'a' && event !== 'turn');
    expect(large).toEqual(ids);
    for (const id of ['c', 'd']) expect(events[events.indexOf(id) - 1]).toBe('turn');
  });

  async function ticks(events: string[]): Promise<void> {
    while (!events.includes('d')) {
      await new Promise(setImmediate);
      events.push('turn');
    }
  }
});

describe('a record that is loaded', () => {
  it('has its version, and the time that it still lives', async () => {
    const { record, time } = (await loader.read('a'))!;
    expect(record).toMatchObject({ version: 0 });
    expect(time.remaining).toBeGreaterThan(50_000);
    expect(time.remaining).toBeLessThanOrEqual(60_000);
  });

  it('fails with the database, which counts as an outage of loads', async () => {
    const lines: string[] = [];
    Logger.overrideLogger({ log() {}, warn() {}, error: (line: string) => lines.push(line) });
    repository.faults.load = [FAILED];
    await expect(loader.read('a')).rejects.toThrow(SessionUnavailableError);
    expect(lines).toEqual([expect.stringContaining('1 × load failed')]);
    Logger.overrideLogger(false);
  });
});

describe('a session of the previous store', () => {
  let previous: expressSession.MemoryStore;

  beforeEach(async () => {
    previous = new expressSession.MemoryStore();
    const data = { old: 1, cookie: { originalMaxAge: null, expires: null } } as unknown as SessionData;
    await new Promise((resolve) => previous.set('old', data, resolve));
    setUp({ migrateFrom: previous });
  });

  it('is moved when it is loaded by its id', async () => {
    expect(await loader.load('old')).toMatchObject({ old: 1 });
    expect(await other('old').stored()).toMatchObject({ old: 1 });
  });

  it('is not looked for without its id', async () => {
    expect(await loader.read('old')).toBeUndefined();
    expect(await other('old').stored()).toBeUndefined();
  });
});

describe('all sessions', () => {
  it('are those that live, by storage key, without a state', async () => {
    await other('expired').insert({});
    await database.expireAll();
    await other('b').insert({ n: 2 }, { maxAge: 5000 });
    await other('c').insert({ text: 'x'.repeat(70_000) });
    const all = await loader.all();
    expect(Object.keys(all).toSorted()).toEqual(['b', 'c']);
    expect(all.b).toMatchObject({ n: 2, cookie: { originalMaxAge: 5000, expires: expect.any(Date) } });
    expect(lives.find(all.b!)).toBeUndefined();
  });

  it('leave out a record that cannot be read or opened', async () => {
    await other('b').insert({});
    await other('b').garble();
    expect(Object.keys(await loader.all())).toEqual(['a']);
    setUp({ encryption: { keys: [KEY] } });
    expect(await loader.all()).toEqual({});
  });
});
