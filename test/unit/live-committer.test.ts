import { Logger } from '@nestjs/common';
import { DraftEdit } from '../../src/commit/draft-edit.js';
import type { SessionDestroyer } from '../../src/ending/session-destroyer.js';
import {
  SessionGoneError,
  SessionInTransactionError,
  SessionLimitError,
  SessionLockLostError,
  SessionNotSerializableError,
  SessionReadOnlyError,
  SessionTooLargeError,
  SessionUnavailableError,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { HeldValues } from '../../src/live/held-values.js';
import type { LiveSession } from '../../src/live/live-session.js';
import type { LiveSessions } from '../../src/live/live-sessions.js';
import { LiveCommitter } from '../../src/protocol/live-committer.js';
import { FAILED, FaultyRepository } from '../support/faulty-repository.js';
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
let services: ReturnType<typeof serviceOver>;
let committer: LiveCommitter;
let lives: LiveSessions;
let destroyer: SessionDestroyer;
let session: Live;
let live: LiveSession;

beforeAll(async () => {
  Logger.overrideLogger(false);
  database = await SessionsDatabase.open('sqlite', 'live_committer');
});
afterAll(() => database.close());

beforeEach(async () => {
  others = new OtherProcess(database, 'id');
  await database.run('delete from {table}');
  setUp();
  session = await load();
  live = lives.find(session)!;
});

function setUp(given: SmartSessionModuleOptions = {}, isInTransaction?: () => boolean): void {
  repository = new FaultyRepository(database.context);
  observers = new RecordingObservers();
  services = serviceOver(repository, { hashIds: false, userId: 'user', ...given }, new NotedBackoff(), observers, isInTransaction);
  ({ live: lives, destroyer } = services);
  committer = services.get(LiveCommitter);
}

/** Makes a record, and returns the session of a request that has loaded it. */
async function load(): Promise<Live> {
  await others.destroy();
  const record = await others.insert({ n: 1 });
  return lives.open('id', record, { remaining: 60_000 }) as Live;
}

/** Returns a session that was never stored. */
const fresh = (values: Live = {}, parts: Live = {}): Live => Object.assign(Object.create({ id: 'id', ...parts }) as Live, values);
const draft = (change: (values: Live) => unknown) => new DraftEdit(services.codec, change);

describe('a commit', () => {
  it('stores what the request has changed, and is the base of the next one', async () => {
    session.n = 2;
    await committer.commit(session);
    expect(await others.stored()).toEqual({ n: 2, version: 1 });
    expect(observers.of('commit')).toEqual([['commit', 'committed']]);
    await committer.commit(session);
    expect(repository.calls).toEqual(['update']);
  });

  it('shows the session what others have stored, and reports the merge', async () => {
    await others.set({ theirs: 1 });
    session.n = 2;
    await committer.commit(session);
    expect(session).toMatchObject({ n: 2, theirs: 1 });
    expect(observers.of('merged')).toEqual([['merged', null, { keys: ['n'], contested: [], attempts: 2 }]]);
  });

  it('inserts a new session with values, and none without', async () => {
    await others.destroy();
    await committer.commit(fresh());
    expect(repository.calls).toEqual([]);
    await committer.commit(fresh({ n: 1 }));
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
  });

  it('runs after the one before of the same session, and fails with it', async () => {
    const held = gate();
    repository.faults.update = [{ ...held.fault, kind: 'failed' }];
    session.n = 2;
    const first = committer.commit(session);
    await held.arrived;
    session.n = 3;
    const second = committer.commit(session);
    held.open();
    const [one, other] = await Promise.allSettled([first, second]);
    expect(one).toMatchObject({ status: 'rejected', reason: expect.any(SessionUnavailableError) });
    expect(other).toMatchObject({ status: 'rejected', reason: (one as PromiseRejectedResult).reason });
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
  });

  it('is the last one after an unknown outcome', async () => {
    repository.faults.update = [FAILED];
    session.n = 2;
    const failure = await committer.commit(session).catch((error: unknown) => error);
    expect(live.abandoned).toBe(failure);
    await expect(committer.commit(session)).rejects.toBe(failure);
    expect(repository.calls).toEqual(['update']);
  });

  it('is not the last one if the change itself was refused', async () => {
    setUp({ maxBytes: 20 });
    session.n = 'x'.repeat(30);
    await expect(committer.commit(session)).rejects.toThrow(SessionTooLargeError);
    session.n = 2;
    await committer.commit(session);
    expect(await others.stored()).toEqual({ n: 2, version: 1 });
  });

  it.each<[string, () => Live]>([
    ['is gone', () => ((live.state = 'gone'), session)],
    ['was destroyed before it was stored', () => (destroyer.ended.begin('id'), fresh())],
    ['was replaced before it was stored', () => fresh({}, { req: { session: {} } })],
  ])('stores nothing of a session that %s', async (_name, make) => {
    const ended = make();
    lives.of(ended).since = -Infinity;
    ended.n = 2;
    await committer.commit(ended);
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
    expect(repository.calls).toEqual([]);
  });

  it('drops the changes of a session that was destroyed meanwhile', async () => {
    await others.destroy();
    session.n = 2;
    await committer.commit(session);
    expect(live.state).toBe('gone');
    expect(await others.stored()).toBeUndefined();
  });

  it('is refused after the lock of the handler has ended, if something has changed', async () => {
    live.lease = { id: 'lease', isClosed: true };
    await committer.commit(session);
    session.n = 2;
    await expect(committer.commit(session)).rejects.toThrow(SessionLockLostError);
    await committer.commitForResponse(session);
    expect(repository.calls).toEqual([]);
  });

  it('is refused inside a transaction of the app, unless it is for a response', async () => {
    setUp({}, () => true);
    session.n = 2;
    expect(committer.isInTransaction).toBe(true);
    await expect(committer.commit(session)).rejects.toThrow(SessionInTransactionError);
    expect(repository.calls).toEqual([]);
    await committer.commitForResponse(session);
    expect(await others.stored()).toEqual({ n: 2, version: 1 });
  });

  it('is refused for what is no live session, and for a session without its cookie', async () => {
    await expect(committer.commit({ n: 1 })).rejects.toThrow(TypeError);
    Object.defineProperty(session, 'req', { value: { session } });
    session.cookie = {};
    await expect(committer.commit(session)).rejects.toThrow(SessionNotSerializableError);
  });

  it('notes which values it stores while the response is held', async () => {
    const held = new HeldValues();
    session.n = 2;
    await committer.commitForResponse(session, held);
    expect(held.cover(session, ['n'], () => true)).toBe(true);
    expect(held.cover(session, ['other'], () => true)).toBe(false);
  });

  it('ends a session for which its user has no room', async () => {
    setUp({ maxSessionsPerUser: { max: 1, whenFull: 'deny' } });
    await new OtherProcess(database, 'other').insert({ user: 'ann' }, { userId: 'ann' });
    session.user = 'ann';
    await expect(committer.commit(session)).rejects.toThrow(SessionLimitError);
    expect(live.state).toBe('gone');
    expect(await others.stored()).toBeUndefined();
  });
});

describe('the last commit under a lock', () => {
  const lease = () => (live.lease = { id: 'lease', isClosed: false });

  it('releases it, so that a later commit needs no lease', async () => {
    await others.lease('lease');
    const held = lease();
    session.n = 2;
    await committer.commitForResponse(session, undefined, true);
    expect(held).toEqual({ id: undefined, isClosed: false, isReleased: true });
    await others.lease('theirs');
    session.n = 3;
    await committer.commitForResponse(session);
    expect(await others.stored()).toEqual({ n: 3, version: 2 });
    expect((await repository.load('id'))?.leaseId).toBe('theirs');
  });

  it('keeps it if nothing is left to store, or another commit follows', async () => {
    await others.lease('lease');
    const held = lease();
    await committer.commitForResponse(session, undefined, true);
    session.n = 2;
    await committer.commitForResponse(session);
    expect(held).toEqual({ id: 'lease', isClosed: false });
    expect((await repository.load('id'))?.leaseId).toBe('lease');
  });

  it('stores the changes so far, and closes the lock', async () => {
    await others.lease('lease');
    const held = lease();
    session.n = 2;
    await committer.close(session, held);
    expect(await others.stored()).toEqual({ n: 2, version: 1 });
    expect(held.isClosed).toBe(true);
  });

  it('forbids every later commit if it fails', async () => {
    await others.lease('another');
    session.n = 2;
    const failure = await committer.close(session, lease()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SessionLockLostError);
    expect(live.abandoned).toBe(failure);
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
  });

  it.each<[string, () => unknown]>([
    ['is gone', () => (live.state = 'gone')],
    ['was abandoned', () => (live.abandoned = new Error('no'))],
  ])('stores nothing of a session that %s', async (_name, end) => {
    end();
    session.n = 2;
    await committer.close(session, lease());
    expect(repository.calls).toEqual([]);
  });
});

describe('an update of a live session', () => {
  it('stores the changes of the request and of the draft', async () => {
    await others.set({ theirs: 1 });
    session.mine = 1;
    const edit = draft((values) => ++values.n);
    await committer.update(session, edit);
    expect(edit.result).toBe(2);
    expect(await others.stored()).toEqual({ n: 2, theirs: 1, mine: 1, version: 2 });
    expect(session).toMatchObject({ n: 2, theirs: 1, mine: 1 });
  });

  it('is refused after the lock of the handler has ended, also before its lease is released', async () => {
    await others.lease('lease');
    live.lease = { id: 'lease', isClosed: true };
    await expect(
      committer.update(
        session,
        draft((values) => ++values.n),
      ),
    ).rejects.toThrow(SessionLockLostError);
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
  });

  it('sees the current values, even if it changes nothing', async () => {
    await others.set({ n: 5 });
    const edit = draft(({ n }) => n);
    await committer.update(session, edit);
    expect(edit.result).toBe(5);
    expect(session.n).toBe(5);
  });

  it('stores a new session with its max age', async () => {
    await others.destroy();
    const created = fresh({ cookie: { originalMaxAge: 5000 } });
    await committer.update(
      created,
      draft((values) => (values.n = 1)),
    );
    expect(await repository.load('id')).toMatchObject({ data: '{"n":1}', maxAge: 5000 });
  });

  it('is refused if the session has ended', async () => {
    const change = draft((values) => (values.n = 2));
    await others.destroy();
    await expect(committer.update(session, change)).rejects.toThrow(SessionGoneError);
    repository.calls.length = 0;
    await expect(committer.update(session, change)).rejects.toThrow('Could not update session');
    expect(repository.calls).toEqual([]);
  });

  it('is refused for the reason that forbids commits', async () => {
    live.abandoned = new Error('no');
    await expect(
      committer.update(
        session,
        draft(() => {}),
      ),
    ).rejects.toBe(live.abandoned);
  });

  it('is refused if the session is read-only and the draft changes it', async () => {
    live.policy = { keepsExpiry: false, isReadOnly: true };
    await committer.update(
      session,
      draft(({ n }) => n),
    );
    const changed = committer.update(
      session,
      draft((values) => (values.n = 2)),
    );
    await expect(changed).rejects.toThrow(SessionReadOnlyError);
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
  });
});

describe('a refresh', () => {
  const refresh = async () => committer.refresh(session, (await repository.load('id'))!);

  it('shows what is stored now, and keeps the changes of the request', async () => {
    await others.set({ n: 5, theirs: 1 });
    session.mine = 1;
    expect(await refresh()).toBe(true);
    expect(session).toMatchObject({ n: 5, theirs: 1, mine: 1 });
  });

  it('shows nothing of another session that has begun under its id', async () => {
    await others.destroy();
    await others.insert({ other: 1 });
    expect(await refresh()).toBe(false);
    expect(session).not.toHaveProperty('other');
  });

  it('shows nothing of a record that cannot be read', async () => {
    await others.garble();
    expect(await refresh()).toBe(false);
    expect(session).toMatchObject({ n: 1 });
  });
});

describe('the values of a session that another replaces', () => {
  it('are taken, and the request knows that it was stored', async () => {
    session.n = 2;
    expect(decoded(await committer.endAndTakeValues(session))).toEqual({ n: 2 });
    expect(await others.stored()).toBeUndefined();
    expect(live.isReplaced).toBe(true);
  });

  it('are taken of a session that was never stored', async () => {
    const created = fresh({ n: 3 });
    expect(decoded(await committer.endAndTakeValues(created))).toEqual({ n: 3 });
    expect(lives.find(created)!.isReplaced).toBe(false);
    expect(await others.stored()).toEqual({ n: 1, version: 0 });
  });

  it('are not taken after a commit whose outcome is unknown, or of a session that was destroyed', async () => {
    live.abandoned = new Error('no');
    await expect(committer.endAndTakeValues(session)).rejects.toBe(live.abandoned);
    const created = fresh({ n: 3 });
    lives.of(created).since = -Infinity;
    destroyer.ended.begin('id');
    await expect(committer.endAndTakeValues(created)).rejects.toThrow(SessionGoneError);
    expect(repository.calls).toEqual([]);
  });
});
