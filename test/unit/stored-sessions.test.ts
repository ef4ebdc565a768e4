import { Logger } from '@nestjs/common';
import type { Request } from 'express';
import expressSession, { type SessionData } from 'express-session';
import { DraftEdit } from '../../src/commit/draft-edit.js';
import type { SessionDestroyer } from '../../src/ending/session-destroyer.js';
import {
  SessionGoneError,
  SessionInTransactionError,
  SessionNotSerializableError,
  SessionUnavailableError,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import type { LiveSessions } from '../../src/live/live-sessions.js';
import { StoredSessions } from '../../src/protocol/stored-sessions.js';
import { FAILED, FaultyRepository, type Fault } from '../support/faulty-repository.js';
import { NotedBackoff } from '../support/noted-backoff.js';
import { OtherProcess } from '../support/other-process.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { sessionRecord } from '../support/records.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;

let database: SessionsDatabase;
let others: OtherProcess;
let repository: FaultyRepository;
let observers: RecordingObservers;
let services: ReturnType<typeof serviceOver>;
let stored: StoredSessions;
let lives: LiveSessions;
let destroyer: SessionDestroyer;

beforeAll(async () => {
  Logger.overrideLogger(false);
  database = await SessionsDatabase.open('sqlite', 'stored_sessions');
});
afterAll(() => database.close());

beforeEach(async () => {
  others = new OtherProcess(database, 'id');
  await database.run('delete from {table}');
  setUp();
});

function setUp(given: SmartSessionModuleOptions = {}, isInTransaction?: () => boolean): void {
  repository = new FaultyRepository(database.context);
  observers = new RecordingObservers();
  services = serviceOver(repository, { hashIds: false, userId: 'user', ...given }, new NotedBackoff(), observers, isInTransaction);
  stored = services.get(StoredSessions);
  ({ live: lives, destroyer } = services);
}

/** Returns a store of express-session with one session. */
async function previousStore(): Promise<expressSession.MemoryStore> {
  const previous = new expressSession.MemoryStore();
  await new Promise((resolve) => previous.set('id', { old: 1, cookie: {} } as unknown as SessionData, resolve));
  return previous;
}

describe('a session that is replaced', () => {
  it('is inserted if there is none', async () => {
    await stored.replace('id', { n: 1, cookie: { originalMaxAge: 5000 } });
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
    expect((await repository.load('id'))!.maxAge).toBe(5000);
    expect(repository.calls).toEqual(['insert', 'load']);
  });

  it('has only the given values, whatever is stored', async () => {
    await others.insert({ theirs: 1 });
    await stored.replace('id', { n: 1 });
    expect(await others.stored()).toEqual({ n: 1, version: 1 });
  });

  it('lives as long as its cookie says', async () => {
    await stored.replace('id', { cookie: { originalMaxAge: 5_000_000, expires: new Date(Date.now() + 100_000) } });
    const { remaining } = (await repository.load('id'))!;
    expect(remaining).toBeLessThanOrEqual(100_000);
    expect(remaining).toBeGreaterThan(90_000);
  });

  it('takes the place of a record that cannot be read', async () => {
    await others.insert({});
    await others.garble();
    await stored.replace('id', { n: 1 });
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
    expect(observers.of('destroyed')).toEqual([['destroyed', null, 'unreadable']]);
  });

  it('is not sent again if it may have been destroyed: its id is known', async () => {
    repository.faults.insert = [{ kind: 'unknown', effect: 'none' }];
    await expect(stored.replace('id', { n: 1 })).rejects.toThrow('Whether the commit took effect is unknown');
  });

  it('is removed from the previous store first', async () => {
    const previous = await previousStore();
    const { destroy } = previous;
    let written: string[] | undefined;
    previous.destroy = (id, callback) => {
      setImmediate(() => {
        written = [...repository.calls];
        destroy.call(previous, id, callback);
      });
    };
    setUp({ migrateFrom: previous });
    await stored.replace('id', { n: 1 });
    expect(written).toEqual([]);
    expect(await new Promise((resolve) => previous.get('id', (_error, found) => resolve(found)))).toBeUndefined();
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
  });

  it.each<[string, unknown, unknown, new (...given: never[]) => Error]>([
    ['without an id', '', {}, TypeError],
    ['with an id that is none', { id: 1 }, {}, TypeError],
    ['with data that is none', 'id', null, TypeError],
    ['with a list as data', 'id', [], TypeError],
    ['with a value that cannot be stored', 'id', { f: () => 1 }, SessionNotSerializableError],
    ['with a cookie that has no time', 'id', { cookie: { expires: 'soon' } }, SessionNotSerializableError],
  ])('is refused %s', async (_name, id, data, error) => {
    await expect(stored.replace(id as string, data as object)).rejects.toThrow(error);
    expect(repository.calls).toEqual([]);
  });

  it('is refused inside a transaction of the app', async () => {
    setUp({}, () => true);
    await expect(stored.replace('id', {})).rejects.toThrow(SessionInTransactionError);
    expect(repository.calls).toEqual([]);
  });
});

describe('an update by id', () => {
  const draft = (change: (draft: Live) => unknown) => new DraftEdit(services.codec, change);

  it('changes the current record', async () => {
    await others.insert({ n: 1 });
    const edit = draft((values) => ++values.n);
    await stored.update('id', edit);
    expect(edit.result).toBe(2);
    expect(await others.stored()).toEqual({ n: 2, version: 1 });
  });

  it('runs again on what another has stored meanwhile', async () => {
    await others.insert({ n: 1 });
    repository.faults.update = [{ effect: 'none', meanwhile: () => others.set({ n: 10 }) }];
    await stored.update(
      'id',
      draft((values) => ++values.n),
    );
    expect(await others.stored()).toEqual({ n: 11, version: 2 });
  });

  it.each<[string, Fault | undefined]>([
    ['there is no session', undefined],
    ['it ends meanwhile', { effect: 'none', meanwhile: () => others.destroy() }],
  ])('is refused if %s', async (_name, fault) => {
    if (fault) await others.insert({ n: 1 });
    repository.faults.update = [fault];
    const updated = stored.update(
      'id',
      draft((values) => (values.n = 2)),
    );
    await expect(updated).rejects.toThrow(SessionGoneError);
    await expect(updated).rejects.toThrow('Could not update session');
    expect(await others.stored()).toBeUndefined();
  });
});

describe('a session that is destroyed by its id', () => {
  it('has no record then, and the observer is told', async () => {
    await others.insert({}, { userId: 'ann' });
    await stored.destroy('id');
    expect(await others.stored()).toBeUndefined();
    expect(observers.told).toEqual([['destroyed', 'ann', 'logout']]);
  });

  it('is removed from the previous store too', async () => {
    const previous = await previousStore();
    setUp({ migrateFrom: previous });
    await stored.destroy('id');
    expect(await new Promise((resolve) => previous.get('id', (_error, found) => resolve(found)))).toBeUndefined();
  });

  it('is none for what is no id', async () => {
    await stored.destroy('');
    expect(repository.calls).toEqual([]);
  });

  it('is refused inside a transaction of the app, unless it is for a response', async () => {
    setUp({}, () => true);
    await others.insert({});
    await expect(stored.destroy('id')).rejects.toThrow(SessionInTransactionError);
    expect(repository.calls).toEqual([]);
    await stored.destroyForResponse('id');
    expect(await others.stored()).toBeUndefined();
  });

  it('stays if the database fails', async () => {
    await others.insert({});
    repository.faults.destroy = [FAILED];
    await expect(stored.destroy('id')).rejects.toThrow(SessionUnavailableError);
    expect(destroyer.ended.isEmpty).toBe(true);
  });
});

/** Returns a request with this session. */
const requestOf = (session: Live | undefined, sessionID = 'id') => ({ session, sessionID }) as unknown as Request;

const loaded = (values: Live = { user: 'ann' }) => lives.open('id', sessionRecord(values), { remaining: 60_000 }) as Live;

describe("the request's session that another replaces", () => {
  it('is destroyed, and the request knows that it was stored', async () => {
    const session = loaded();
    await others.insert({ user: 'ann' }, { userId: 'ann' });
    await stored.end(requestOf(session));
    expect(await others.stored()).toBeUndefined();
    expect(observers.told).toEqual([['destroyed', 'ann', 'replaced']]);
    expect(lives.find(session)!.isReplaced).toBe(true);
  });

  it('has the user of its values if the database does not tell', async () => {
    await others.insert({});
    repository.faults.destroy = [{ kind: 'unknown', effect: 'done' }];
    await stored.end(requestOf(loaded()));
    expect(observers.told).toEqual([['destroyed', 'ann', 'replaced']]);
  });

  it('was not stored if there was no record', async () => {
    const session = loaded();
    await stored.end(requestOf(session));
    expect(lives.find(session)!.isReplaced).toBe(false);
    await stored.end(requestOf({}));
    expect(observers.told).toEqual([]);
  });

  it('needs no statement if it is gone', async () => {
    const session = loaded();
    lives.find(session)!.state = 'gone';
    await stored.end(requestOf(session));
    expect(repository.calls).toEqual([]);
  });

  it('is not destroyed inside a transaction of the app', async () => {
    setUp({}, () => true);
    await expect(stored.end(requestOf(loaded()))).rejects.toThrow(SessionInTransactionError);
    expect(repository.calls).toEqual([]);
  });
});

describe('the response to a request that has ended its session', () => {
  it('tells the browser once', async () => {
    const session = loaded();
    expect(stored.claimEnd(requestOf(session), session)).toBe(false);
    await others.insert({});
    await stored.destroy('id');
    expect(stored.claimEnd(requestOf(session), session)).toBe(true);
    expect(stored.claimEnd(requestOf(session), session)).toBe(false);
  });

  it('tells it while the statement is in flight, also without a session', () => {
    destroyer.ended.begin('id');
    expect(stored.claimEnd(requestOf(loaded()), {})).toBe(true);
    destroyer.ended.conclude('id', true);
    destroyer.ended.begin('other');
    expect(stored.claimEnd(requestOf(undefined, 'other'), {})).toBe(true);
  });

  it('tells nothing of another session, or of one that came afterwards', () => {
    destroyer.ended.begin('id');
    destroyer.ended.conclude('id', true);
    const later = loaded();
    lives.find(later)!.since = Infinity;
    expect(stored.claimEnd(requestOf(later), later)).toBe(false);
    expect(stored.claimEnd(requestOf({}), {})).toBe(false);
    expect(stored.claimEnd(requestOf(undefined, 'other'), {})).toBe(false);
    expect(stored.claimEnd(requestOf(undefined, ''), {})).toBe(false);
    expect(stored.claimEnd(requestOf(undefined), {})).toBe(true);
  });

  it('tells of a session that had no record only if the request has replaced it', () => {
    destroyer.ended.begin('id');
    destroyer.ended.conclude('id', false);
    const first = loaded();
    expect(stored.claimEnd(requestOf(undefined), first)).toBe(false);
    lives.find(first)!.isReplaced = true;
    expect(stored.claimEnd(requestOf(undefined), first)).toBe(true);
  });
});
