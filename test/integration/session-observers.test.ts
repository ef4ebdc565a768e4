import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import expressSession from 'express-session';
import {
  SessionUnavailableError,
  SqlSessionRepository,
  counter,
  type DeletedRecord,
  type SessionMergeRules,
  type SessionService,
} from '../../src/index.js';
import { Backoff } from '../../src/batching/backoff.js';
import { DATABASES } from '../support/databases.js';
import { FaultyRepository, LOST_AFTER } from '../support/faulty-repository.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { protocolOf } from '../support/protocol-of.js';

type Live = Record<string, any>;

const OPTIONS = { userId: 'user', merge: { visits: counter() } as SessionMergeRules };

/** Deletes, and answers only when it is told to. */
class LateRepository extends FaultyRepository {
  answer!: () => void;
  readonly #told = new Promise<void>((resolve) => (this.answer = resolve));
  answered: Promise<unknown> = Promise.resolve();

  override destroySome(...given: Parameters<FaultyRepository['destroySome']>): Promise<number> {
    return this.#late(super.destroySome(...given));
  }
  override prune(limit: number): Promise<readonly DeletedRecord[]> {
    return this.#late(super.prune(limit));
  }

  async #late<Result>(work: Promise<Result>): Promise<Result> {
    const answered = work.then((result) => this.#told.then(() => result));
    this.answered = answered;
    return answered;
  }
}

describe.each(DATABASES)('who watches sessions, on %s', (databaseName) => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let observers: RecordingObservers;
  let sessions: SessionService;
  let id: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `observers_${databaseName}`);
  });
  beforeEach(async () => {
    await database.run('delete from {table}');
    id = randomUUID();
    setUp();
  });
  afterAll(() => database.close());

  function setUp(options: object = {}): void {
    repository = new FaultyRepository(database.context);
    observers = new RecordingObservers();
    sessions = serviceOver(repository, { ...OPTIONS, ...options }, new Backoff(), observers).sessions;
  }
  const live = (values: object, own = id): Live => Object.assign(Object.defineProperty({}, 'id', { value: own }), values);
  const load = async (own = id): Promise<Live> => (await sessions.load(own)) as Live;
  /** Somebody else commits, whom nobody watches. */
  const theirs = (values: object) => async () => {
    const others = serviceOver(new SqlSessionRepository(database.context), OPTIONS).sessions;
    await others.commit(Object.assign((await others.load(id)) as object, values));
  };
  const tells = (userId: string) => (databaseName === 'mysql' ? undefined : userId);

  it('is notified once of a first commit, also if its answer was lost, and of no later one', async () => {
    repository.faults.insert = [LOST_AFTER];
    await sessions.commit(live({ user: 'anna' }));
    await sessions.commit(Object.assign(await load(), { a: 1 }));
    expect(observers.of('created', 'merged')).toEqual([['created', 'anna']]);
    expect(observers.of('retried', 'conflicted')).toEqual([['retried']]);
    setUp();
    await sessions.commit(live({ user: 'berta' }, randomUUID()));
    expect(observers.of('created', 'retried')).toEqual([['created', 'berta']]);
  });

  it('is notified of an expired record that a first commit replaces', async () => {
    await sessions.commit(live({ a: 1 }));
    await protocolOf(sessions).stored.replace(id, { b: 1 });
    expect(observers.of('created', 'expired')).toEqual([['created', null]]);
    await database.expireAll();
    await protocolOf(sessions).stored.replace(id, { c: 1 });
    expect(observers.of('created', 'expired')).toEqual([
      ['created', null],
      ['expired', undefined],
      ['created', null],
    ]);
  });

  it.each([
    ['destroyAll', (service: SessionService) => service.destroyAll({ userId: 'anna' }), ['destroyed', 'anna', 'revoked']],
    ['prune', (service: SessionService) => service.prune(), ['expired', 'anna']],
  ] as const)('is notified of what %s has deleted, also if the answer comes after the timeout', async (operation, work, told) => {
    await sessions.commit(live({ user: 'anna' }));
    if (operation === 'prune') await database.expireAll();
    const late = new LateRepository(database.context);
    const { sessions: hurried } = serviceOver(late, { ...OPTIONS, timeout: 200 }, new Backoff(), observers);
    await expect(work(hurried)).rejects.toThrow(SessionUnavailableError);
    expect(observers.of('destroyed', 'expired')).toEqual([]);
    late.answer();
    await late.answered;
    await new Promise(setImmediate);
    expect(observers.of('destroyed', 'expired')).toEqual([told]);
  });

  it('is notified once of a migrated session, however many processes load it', async () => {
    const earlier = new expressSession.MemoryStore();
    await new Promise((resolve) => earlier.set(id, { user: 'anna', cookie: { originalMaxAge: null } } as never, resolve));
    setUp({ migrateFrom: earlier });
    const others = serviceOver(
      new SqlSessionRepository(database.context),
      { ...OPTIONS, migrateFrom: earlier },
      new Backoff(),
      observers,
    ).sessions;
    await Promise.all([load(), load(), others.load(id), others.load(id)]);
    await load();
    expect(observers.of('created')).toEqual([['created', 'anna']]);
  });

  it('tells once what a lost answer has hidden: a session that has moved here, and those that were destroyed', async () => {
    const earlier = new expressSession.MemoryStore();
    await new Promise((resolve) => earlier.set(id, { user: 'anna', cookie: { originalMaxAge: null } } as never, resolve));
    setUp({ migrateFrom: earlier });
    repository.faults.updateLocked = [LOST_AFTER, undefined, LOST_AFTER];
    await load();
    repository.faults.destroySome = [LOST_AFTER];
    expect(await sessions.destroyAll({ userId: 'anna' })).toBe(1);
    expect(observers.of('created', 'destroyed').map(([event, userId]) => [event, userId])).toEqual([
      ['created', 'anna'],
      ['destroyed', 'anna'],
    ]);
  });

  it('is notified of a merge with its keys and attempts', async () => {
    await sessions.commit(live({ user: 'anna', visits: 1 }));
    const session = await load();
    repository.faults.update = [{ effect: 'none', meanwhile: theirs({ visits: 2, a: 1 }) }];
    await sessions.commit(Object.assign(session, { visits: 3, b: 1 }));
    expect(session).toMatchObject({ visits: 4, a: 1, b: 1 });
    expect(observers.of('merged')).toEqual([['merged', 'anna', { keys: ['visits', 'b'], contested: ['visits'], attempts: 2 }]]);
    expect(observers.of('retried', 'conflicted')).toEqual([['conflicted'], ['retried']]);
  });

  it('is notified of no merge if no other request has changed anything, or the session has ended', async () => {
    await sessions.commit(live({ visits: 1 }));
    const [session, other] = [await load(), await load()];
    repository.faults.update = [{ kind: 'rolled-back', effect: 'none' }];
    await sessions.commit(Object.assign(session, { a: 1 }));
    await sessions.destroy(id);
    await sessions.commit(Object.assign(other, { b: 1 }));
    expect(observers.of('merged')).toEqual([]);
    expect(observers.of('commit')).toEqual([
      ['commit', 'committed'],
      ['commit', 'committed'],
      ['commit', 'gone'],
    ]);
  });

  it('is notified of each merge of batched commits, and of the size of the batch', async () => {
    await sessions.commit(live({ visits: 1 }));
    const visits = await Promise.all(Array.from({ length: 4 }, () => load()));
    observers.told.length = 0;
    await Promise.all(visits.map((session, n) => sessions.commit(Object.assign(session, { visits: 2, [`key${n}`]: 1 }))));
    const merged = [1, 2, 3].map((n) => ['merged', null, { keys: ['visits', `key${n}`], contested: ['visits'], attempts: 1 }]);
    expect(observers.of('merged')).toEqual(merged);
    expect(observers.of('batch').filter(([, kind]) => kind === 'commit')).toEqual([
      ['batch', 'commit', 1],
      ['batch', 'commit', 3],
    ]);
    expect(await load()).toMatchObject({ visits: 5, key0: 1, key3: 1 });
  });

  it('is notified of loads and of the size of their batch', async () => {
    await sessions.commit(live({ a: 1 }));
    observers.told.length = 0;
    await Promise.all([id, id, randomUUID(), id].map((each) => sessions.load(each)));
    expect(
      observers
        .of('load')
        .map(([, found]) => found)
        .toSorted(),
    ).toEqual([false, true, true, true]);
    expect(observers.of('batch')).toEqual([
      ['batch', 'load', 1],
      ['batch', 'load', 3],
    ]);
  });

  it('is notified why a session has ended, and of no session that did not exist', async () => {
    const ids = Array.from({ length: 5 }, () => randomUUID());
    for (const [n, each] of ids.entries()) await sessions.commit(live({ user: n < 4 ? 'anna' : 'berta' }, each));
    observers.told.length = 0;
    await sessions.destroy(ids[0]!);
    await sessions.destroy(ids[0]!);
    const [listed] = await sessions.list({ userId: 'anna' });
    await sessions.destroyOne({ userId: 'anna', handle: listed!.handle });
    expect(await sessions.destroyAll({ userId: 'anna', except: ids[4]! })).toBe(2);
    await database.expireAll();
    expect(await sessions.prune()).toBe(1);
    expect(observers.of('destroyed', 'expired')).toEqual([
      ['destroyed', tells('anna'), 'logout'],
      ['destroyed', 'anna', 'revoked'],
      ['destroyed', 'anna', 'revoked'],
      ['destroyed', 'anna', 'revoked'],
      ['expired', 'berta'],
    ]);
  });

  it('is notified of a replaced session, with what was known of it', async () => {
    await sessions.commit(live({ user: 'anna' }));
    const session = await load();
    await protocolOf(sessions).stored.end({ session, sessionID: id } as never);
    expect(observers.of('destroyed')).toEqual([['destroyed', 'anna', 'replaced']]);
  });

  it('is notified of a session whose values are carried over', async () => {
    await sessions.commit(live({ user: 'anna' }));
    const request = { session: (await load()) as object, sessionID: id };
    const regenerate = (done: () => void) => void ((request.session = {}), done());
    Object.defineProperty(request.session, 'regenerate', { value: regenerate });
    await sessions.regenerate(request as never, { keep: 'all' });
    expect([request.session, observers.of('destroyed')]).toEqual([{ user: 'anna' }, [['destroyed', 'anna', 'replaced']]]);
  });

  it('is notified of sessions that a limit ends', async () => {
    const full = (whenFull: string) => ({ maxSessionsPerUser: { max: 1, whenFull } });
    setUp(full('evict-oldest'));
    await sessions.commit(live({ user: 'anna' }));
    await sessions.commit(live({ user: 'anna' }, randomUUID()));
    expect(observers.of('destroyed')).toEqual([['destroyed', 'anna', 'evicted']]);
    setUp(full('deny'));
    await expect(sessions.commit(live({ user: 'anna' }, randomUUID()))).rejects.toThrow(
      'its user has reached the limit `maxSessionsPerUser` (1) with other sessions',
    );
    expect(observers.of('created', 'destroyed')).toEqual([
      ['created', 'anna'],
      ['destroyed', 'anna', 'refused'],
    ]);
  });

  it('is notified of a session that could not be read and was written again', async () => {
    await sessions.commit(live({ a: 1 }));
    await database.run("update {table} set data = '{'");
    await protocolOf(sessions).stored.replace(id, { b: 1 });
    expect(observers.of('created', 'destroyed').slice(1)).toEqual([
      ['destroyed', databaseName === 'mysql' ? undefined : null, 'unreadable'],
      ['created', null],
    ]);
  });
});
