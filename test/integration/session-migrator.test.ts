import { randomBytes, randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import expressSession, { type MemoryStore, type SessionData } from 'express-session';
import {
  SessionGoneError,
  SessionUnavailableError,
  SqlSessionRepository,
  type SessionService,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { stageOf } from '../../src/records/migrating-record.js';
import { DATABASES } from '../support/databases.js';
import { FaultyRepository } from '../support/faulty-repository.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { protocolOf, storeOf } from '../support/protocol-of.js';
import { RecordingObservers } from '../support/recording-observers.js';

type Live = Record<string, any>;
type Callback = (error?: unknown, session?: SessionData | null) => void;

const HOUR = 3_600_000;
const KEY = randomBytes(32);

/** express-session's own store, whose calls are counted, and may fail or never be answered. */
class MemoryPreviousStore {
  readonly calls: string[] = [];
  /** What the next calls of a method come to. */
  readonly faults: Partial<Record<'get' | 'destroy', ('error' | 'ENOENT' | 'silence' | 'promise')[]>> = {};
  readonly #store: MemoryStore = new expressSession.MemoryStore();

  get(sessionId: string, callback: Callback): unknown {
    return this.#call('get', callback, () => this.#store.get(sessionId, callback));
  }
  destroy(sessionId: string, callback: Callback): unknown {
    return this.#call('destroy', callback, () => this.#store.destroy(sessionId, callback));
  }

  /** Puts a session in, as an app with that store would have. Returns its id. */
  async add(values: object, cookie: object = { originalMaxAge: null, expires: null }, id: string = randomUUID()): Promise<string> {
    await new Promise<void>((resolve) => this.#store.set(id, { ...values, cookie } as unknown as SessionData, () => resolve()));
    return id;
  }

  async has(id: string): Promise<boolean> {
    return (await new Promise((resolve) => this.#store.get(id, (_, session) => resolve(session)))) !== undefined;
  }

  #call(method: 'get' | 'destroy', callback: Callback, work: () => void): unknown {
    this.calls.push(method);
    const fault = this.faults[method]?.shift();
    if (fault === 'error')
      return callback(Object.assign(new Error('select sess where sid = the-id: no such table'), { code: 'SQLITE_ERROR' }));
    if (fault === 'ENOENT') return callback(Object.assign(new Error('no file'), { code: 'ENOENT' }));
    if (fault === 'promise') {
      callback(new Error('called back'));
      return Promise.reject(new Error('and rejected'));
    }
    return fault === 'silence' ? undefined : work();
  }
}

describe.each(DATABASES)('migrating, on %s', (databaseName) => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let earlier: MemoryPreviousStore;
  let sessions: SessionService;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `read_through_${databaseName}`);
  });
  beforeEach(async () => {
    await database.run('delete from {table}');
    earlier = new MemoryPreviousStore();
    setUp();
  });
  afterAll(() => database.close());

  function setUp(options: SmartSessionModuleOptions = {}): void {
    repository = new FaultyRepository(database.context);
    sessions = startProcess(options);
  }
  /** A process of the app. */
  const startProcess = (options: SmartSessionModuleOptions = {}, over: SqlSessionRepository = repository) =>
    serviceOver(over, { migrateFrom: earlier as SmartSessionModuleOptions['migrateFrom'], userId: 'user', ...options }).sessions;
  const load = async (id: string, from = sessions) => (await from.load(id)) as Live | undefined;
  const row = async (id: string) =>
    (await database.run('select * from {table} where session_id = ' + database.context.dialect.parameter(1), [storageKeyOf(id)]))[0];
  const rows = async () => Number((await database.run('select count(*) as n from {table}'))[0]?.n);

  it('moves a session with its values and its max age, once', async () => {
    const id = await earlier.add(
      { user: 'anna', cart: [{ sku: 'tea' }] },
      { originalMaxAge: HOUR, expires: new Date(Date.now() + 1000), path: '/old', httpOnly: false },
    );
    const live = await load(id);
    expect(live).toMatchObject({ user: 'anna', cart: [{ sku: 'tea' }], cookie: { originalMaxAge: HOUR, httpOnly: true } });
    expect((live as Live).cookie.path).toBeUndefined();
    // As a request to the app before would have: it lives for all of its max age from now.
    expect((live as Live).cookie.expires - Date.now()).toBeGreaterThan(HOUR - 60_000);
    expect(await row(id)).toMatchObject({ user_id: 'anna', commit_id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(await earlier.has(id)).toBe(false);
    expect(repository.calls).toEqual(['load', 'insert', 'load', 'updateLocked', 'load', 'updateLocked', 'load']);
    earlier.calls.length = repository.calls.length = 0;
    expect(await load(id)).toMatchObject({ user: 'anna' });
    expect([earlier.calls, repository.calls]).toEqual([[], ['load']]);
    // What has moved and ended is not looked for where it came from.
    await database.run('delete from {table}');
    await expect(sessions.update(live as Live, () => {})).rejects.toThrow(SessionGoneError);
    expect(earlier.calls).toEqual([]);
  });

  it('gives a session without a max age the time of `ttl`, and none more than `absoluteTtl`', async () => {
    const remaining = async (ms: number) => {
      const [found] = await database.run(`select ${database.context.dialect.until('expires_at')} as remaining from {table}`);
      return Math.abs(Number(found?.remaining) - ms) < 30_000;
    };
    await load(await earlier.add({ a: 1 }));
    expect(await remaining(24 * HOUR)).toBe(true);
    const capped = await SessionsDatabase.open(databaseName, `read_through_capped_${databaseName}`, {}, HOUR);
    try {
      const id = await earlier.add({ a: 1 }, { originalMaxAge: 5 * HOUR, expires: null });
      expect(await load(id, startProcess({ absoluteTtl: HOUR }, new SqlSessionRepository(capped.context)))).toMatchObject({ a: 1 });
      const [found] = await capped.run(`select ${capped.context.dialect.until('expires_at')} as remaining from {table}`);
      expect(Number(found?.remaining)).toBeLessThanOrEqual(HOUR);
    } finally {
      await capped.close();
    }
  });

  it('loses no key of requests that come at once, in two processes', async () => {
    const id = await earlier.add({ kept: 1 });
    const others = startProcess({}, new FaultyRepository(database.context));
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const own = n % 2 === 0 ? sessions : others;
        const live = (await load(id, own)) as Live;
        live[`key${n}`] = n;
        await own.commit(live);
      }),
    );
    const expected = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`key${n}`, n]));
    expect(await load(id)).toMatchObject({ kept: 1, ...expected });
    expect([await rows(), await earlier.has(id)]).toEqual([1, false]);
  });

  it('asks the previous store once for requests of one process that come at once', async () => {
    const id = await earlier.add({ a: 1 });
    await Promise.all(Array.from({ length: 20 }, () => load(id)));
    expect(earlier.calls).toEqual(['get', 'get', 'destroy']);
  });

  it('asks for what is nowhere once, and stores nothing', async () => {
    expect(await load('nowhere')).toBeUndefined();
    expect([earlier.calls, repository.calls, await rows()]).toEqual([['get'], ['load', 'load'], 0]);
  });

  it('destroys a session in both, and does not bring it back', async () => {
    const id = await earlier.add({ a: 1 });
    await sessions.destroy(id);
    expect([await earlier.has(id), await load(id)]).toEqual([false, undefined]);
  });

  it('leaves a session where it is when the previous store fails at its end', async () => {
    const id = await earlier.add({ a: 1 });
    await load(id);
    earlier.faults.destroy = ['error'];
    await expect(sessions.destroy(id)).rejects.toThrow(
      'Could not destroy the session: the previous store reported an error (Error SQLITE_ERROR).',
    );
    expect(await load(id)).toMatchObject({ a: 1 });
  });

  it('continues after a process has died, and does not show the session before', async () => {
    const id = await earlier.add({ user: 'anna' });
    earlier.faults.destroy = ['error'];
    await expect(load(id)).rejects.toThrow(SessionUnavailableError);
    expect([stageOf({ commitId: String((await row(id))?.commit_id) }), await earlier.has(id)]).toEqual(['confirmed', true]);
    expect(await sessions.list({ userId: 'anna' })).toEqual([]);
    expect(await sessions.all()).toEqual({});
    expect(await sessions.destroyAll({ userId: 'anna' })).toBe(0);
    expect(await load(id, startProcess())).toMatchObject({ user: 'anna' });
    expect(await earlier.has(id)).toBe(false);
    expect(await sessions.destroyAll({ userId: 'anna' })).toBe(1);
    expect(await load(id)).toBeUndefined();
  });

  it('deletes a record whose migration has begun if the session was destroyed in between', async () => {
    const id = await earlier.add({ a: 1 });
    repository.faults.insert = [{ effect: 'none', meanwhile: () => startProcess({}, new FaultyRepository(database.context)).destroy(id) }];
    expect(await load(id)).toBeUndefined();
    expect(await rows()).toBe(0);
  });

  it('tells of an expired row whose place it takes', async () => {
    const id = await earlier.add({ n: 1 });
    await load(id);
    await database.expireAll();
    await earlier.add({ n: 2 }, undefined, id);
    const observers = new RecordingObservers();
    await load(id, serviceOver(repository, { migrateFrom: earlier as never }, undefined, observers).sessions);
    expect(observers.of('expired', 'created')).toEqual([
      ['expired', undefined],
      ['created', null],
    ]);
  });

  it('takes the place of an expired row', async () => {
    const id = await earlier.add({ n: 1 });
    await load(id);
    await database.expireAll();
    await earlier.add({ n: 2 }, undefined, id);
    expect(await load(id)).toMatchObject({ n: 2 });
    expect(repository.calls.filter((call) => call === 'insert')).toHaveLength(3);
  });

  it.each(['error', 'promise'] as const)('takes no failure of the previous store for "no session": %s', async (fault) => {
    const id = await earlier.add({ a: 1 });
    earlier.faults.get = [fault];
    const error = await sessions.load(id).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SessionUnavailableError);
    expect((error as Error).message).toContain('Could not load the session: the previous store reported an error (Error');
    // Some put the session id into their messages.
    expect(inspect(error)).not.toMatch(/the-id|called back/);
    expect([await rows(), await load(id)]).toEqual([0, expect.objectContaining({ a: 1 })]);
  });

  it('takes an error with the code ENOENT for no session, as express-session does', async () => {
    const id = await earlier.add({ a: 1 });
    earlier.faults.get = ['ENOENT'];
    expect(await load(id)).toBeUndefined();
  });

  it('waits for the previous store no longer than `timeout`, and asks it anew afterwards', async () => {
    setUp({ timeout: 300 });
    const id = await earlier.add({ a: 1 });
    earlier.faults.get = ['silence'];
    await expect(sessions.load(id)).rejects.toThrow(/the database or the previous store did not answer within \d+ ms/);
    expect(await load(id)).toMatchObject({ a: 1 });
    earlier.faults.destroy = ['silence', 'silence'];
    await expect(sessions.destroy(id)).rejects.toThrow(/Could not destroy the session: .* did not answer within 300 ms/);
    await expect(protocolOf(sessions).stored.replace(id, { b: 1 })).rejects.toThrow(
      'Could not commit the session: the previous store did not answer within 300 ms.',
    );
    expect(await load(id)).toMatchObject({ a: 1 });
  });

  it('lets no more than `maxWaiting` sessions wait for the previous store', async () => {
    setUp({ timeout: 300, maxWaiting: 1 });
    const [first, second] = [await earlier.add({ n: 1 }), await earlier.add({ n: 2 })];
    earlier.faults.get = ['silence'];
    const waiting = sessions.load(first);
    while (earlier.calls.length === 0) await new Promise(setImmediate);
    await expect(sessions.load(second)).rejects.toThrow('1 others are waiting for the previous store, which is the limit `maxWaiting`');
    await expect(waiting).rejects.toThrow(SessionUnavailableError);
    expect(await load(second)).toMatchObject({ n: 2 });
  });

  it('seals the data that it stores, for its own row', async () => {
    const options = { encryption: { keys: [KEY] } };
    setUp(options);
    const id = await earlier.add({ user: 'anna', secret: 'a value' });
    expect(await load(id)).toMatchObject({ secret: 'a value' });
    const { data, user_id } = (await row(id)) ?? {};
    expect([String(data).includes('a value'), user_id]).toEqual([false, 'anna']);
    const { codec } = serviceOver(repository, options);
    expect(codec).toBeInstanceOf(SessionCodec);
    expect(codec.open(storageKeyOf(id), String(data))).toBe('{"secret":"a value","user":"anna"}');
  });

  it('stores dates as the serializer does, and drops names that no session can hold', async () => {
    setUp({ serializer: 'rich' });
    const at = new Date(2026, 1, 3);
    const values = { at, constructor: 1, id: 'x', save: 'y', a: 1 };
    const store = {
      get: (_: string, callback: Callback) => callback(null, { ...values, cookie: {} } as never),
      destroy: (_: string, callback: Callback) => callback(),
    };
    const own = startProcess({ serializer: 'rich', migrateFrom: store as never });
    expect(await load('rich', own)).toMatchObject({ at, a: 1 });
    expect(Object.keys((await load('rich', own)) as Live).toSorted()).toEqual(['a', 'at', 'cookie']);
  });

  it('takes what has no time left for no session', async () => {
    const id = await earlier.add({ a: 1 }, { originalMaxAge: 0, expires: null });
    expect([await load(id), await rows()]).toEqual([undefined, 0]);
  });

  it('updates a session by its id, and replaces one, that is still in the previous store', async () => {
    const [one, other] = [await earlier.add({ n: 1 }), await earlier.add({ n: 1 })];
    await sessions.update(one, (draft) => ((draft as Live).n += 1));
    expect(await load(one)).toMatchObject({ n: 2 });
    const store = storeOf(sessions);
    await new Promise<void>((resolve, reject) =>
      store.set(other, { n: 5, cookie: {} } as never, (error) => (error ? reject(error as Error) : resolve())),
    );
    expect([await earlier.has(other), await load(other)]).toEqual([false, expect.objectContaining({ n: 5 })]);
  });

  it('is not asked, nor are its marks seen, when the option is not set', async () => {
    const id = await earlier.add({ a: 1 });
    earlier.faults.destroy = ['error'];
    await expect(load(id)).rejects.toThrow(SessionUnavailableError);
    const without = serviceOver(repository, { userId: 'user' }).sessions;
    earlier.calls.length = repository.calls.length = 0;
    expect(await load(id, without)).toMatchObject({ a: 1 });
    expect(await load('nowhere', without)).toBeUndefined();
    await without.destroy(id);
    expect([earlier.calls, repository.calls]).toEqual([[], ['load', 'load', 'destroy']]);
  });
});
