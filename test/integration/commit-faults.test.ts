import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import {
  SessionConflictError,
  SessionLimitError,
  SessionNotSerializableError,
  SessionUnavailableError,
  SqlSessionRepository,
  type SessionService,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { DATABASES } from '../support/databases.js';
import { FAILED, FaultyRepository, LOST_AFTER, LOST_BEFORE, ROLLED_BACK, type Fault } from '../support/faulty-repository.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { protocolOf } from '../support/protocol-of.js';

type Live = Record<string, any>;

describe.each(DATABASES)('a commit that meets faults, on %s', (databaseName) => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let sessions: SessionService;
  let id: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `faults_${databaseName}`);
  });
  beforeEach(() => {
    id = randomUUID();
    setUp({});
  });
  afterAll(() => database.close());

  function setUp(options: SmartSessionModuleOptions): void {
    repository = new FaultyRepository(database.context);
    sessions = serviceOver(repository, { maxAttempts: 6, ...options }).sessions;
  }
  const create = (values: object): Live => Object.assign(Object.defineProperty({}, 'id', { value: id }), values);
  const given = (values: object) => sessions.commit(create(values));
  const load = async (): Promise<Live> => (await sessions.load(id)) as Live;
  const record = () => new SqlSessionRepository(database.context).load(storageKeyOf(id));
  const stored = async () => {
    const found = await record();
    return found && { ...JSON.parse(found.data), version: found.version };
  };
  /** Somebody else commits, through no fault. */
  const theirs = (values: object) => async () => {
    const others = serviceOver(new SqlSessionRepository(database.context)).sessions;
    await others.commit(Object.assign((await others.load(id)) as object, values));
  };
  const breakRow = () =>
    database.run(`update {table} set data = '{', lock_version = lock_version + 1 where session_id = '${storageKeyOf(id)}'`);
  const destroyRow = () => database.run(`delete from {table} where session_id = '${storageKeyOf(id)}'`);

  it('AtMostOnce: is done when the connection was lost after the update', async () => {
    await given({ a: 1 });
    const live = await load();
    repository.faults.update = [LOST_AFTER];
    await sessions.commit(Object.assign(live, { b: 1 }));
    expect(await stored()).toEqual({ a: 1, b: 1, version: 1 });
    expect(protocolOf(sessions).states.isSettled(live)).toBe(true);
  });

  it('tries again when the connection was lost before the update', async () => {
    await given({ a: 1 });
    const live = await load();
    repository.faults.update = [LOST_BEFORE];
    await sessions.commit(Object.assign(live, { b: 1 }));
    expect(await stored()).toEqual({ a: 1, b: 1, version: 1 });
  });

  it('AtMostOnce: goes on under the lock of the row, where it finds an attempt that has landed late', async () => {
    for (const isLate of [false, true]) {
      setUp({});
      await sessions.destroy(id);
      await given({ a: 1 });
      const live = await load();
      const { update, updateLocked } = repository;
      let land = () => Promise.resolve(false);
      repository.update = (...parameters) => {
        land = () => new SqlSessionRepository(database.context).update(...parameters);
        return update.apply(repository, parameters);
      };
      repository.updateLocked = async (...parameters) => {
        if (isLate) expect(await land()).toBe(true);
        return updateLocked.apply(repository, parameters);
      };
      repository.faults.update = [LOST_BEFORE, LOST_BEFORE, LOST_BEFORE];
      await sessions.commit(Object.assign(live, { b: 1 }));
      expect(repository.calls).toContain('updateLocked');
      expect(await stored()).toEqual({ a: 1, b: 1, version: 1 });
    }
  });

  it('says that the outcome is unknown when too many wait for it to be tried again', async () => {
    const full = new SessionUnavailableError(
      'commit',
      '1 others are waiting, which is the limit `maxWaiting`. Retry later, or raise `maxWaiting`.',
    );
    for (const [faults, said] of [
      [[LOST_BEFORE, { error: full, effect: 'none' }], 'unknown'],
      [[{ error: full, effect: 'none' }], 'maxWaiting'],
    ] as [Fault[], string][]) {
      await sessions.destroy(id);
      await given({ a: 1 });
      const live = await load();
      repository.faults.update = faults;
      await expect(sessions.commit(Object.assign(live, { b: 1 }))).rejects.toThrow(said);
    }
  });

  it('reports an unknown outcome if another request has written since, and does not retry', async () => {
    await given({ a: 1 });
    const live = await load();
    repository.faults.update = [{ ...LOST_AFTER, meanwhile: theirs({ a: 2 }) }];
    live.a = 'mine';
    const failure = await sessions.commit(live).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SessionUnavailableError);
    expect(String(failure)).toContain('unknown');
    await expect(sessions.commit(Object.assign(live, { c: 1 }))).rejects.toBe(failure);
    expect(await stored()).toEqual({ a: 2, version: 2 });
  });

  it('settles later when the first look is lost too', async () => {
    await given({ a: 1 });
    const live = await load();
    repository.faults.update = [LOST_AFTER];
    repository.faults.load = [LOST_BEFORE, ROLLED_BACK];
    await sessions.commit(Object.assign(live, { b: 1 }));
    expect(await stored()).toEqual({ a: 1, b: 1, version: 1 });
  });

  it('gives up when the database cannot be asked', async () => {
    await given({ a: 1 });
    const [first, second] = [await load(), await load()];
    repository.faults.update = [LOST_AFTER, FAILED];
    repository.faults.load = [FAILED];
    await expect(sessions.commit(Object.assign(first, { b: 1 }))).rejects.toThrow(/find out the outcome of a commit/);
    await expect(sessions.commit(Object.assign(second, { c: 1 }))).rejects.toThrow(SessionUnavailableError);
  });

  it('gives up when the database cannot be asked after a lost race', async () => {
    await given({ a: 1 });
    const live = await load();
    repository.faults.update = [ROLLED_BACK];
    repository.faults.load = [FAILED];
    await expect(sessions.commit(Object.assign(live, { b: 1 }))).rejects.toThrow(/commit the session/);
    expect(await stored()).toEqual({ a: 1, version: 0 });
  });

  it('inserts once when the connection was lost after or before', async () => {
    repository.faults.insert = [LOST_BEFORE, LOST_AFTER];
    await given({ a: 1 });
    expect(await stored()).toEqual({ a: 1, version: 0 });
    expect(repository.calls.filter((call) => call === 'insert')).toHaveLength(2);
  });

  it('does not know whether a lost insert was its own if another request has updated it since', async () => {
    repository.faults.insert = [{ ...LOST_AFTER, meanwhile: theirs({ b: 1 }) }];
    await expect(given({ a: 1 })).rejects.toThrow(/unknown/);
    expect(await stored()).toEqual({ a: 1, b: 1, version: 1 });
  });

  it('NoResurrection: retries a first save only while no other request can have destroyed the session', async () => {
    setUp({ userId: 'user' as never });
    const others = serviceOver(new SqlSessionRepository(database.context), { userId: 'user' as never }).sessions;
    const destroyAll = () => others.destroyAll({ userId: id });
    for (const fault of [{ ...LOST_AFTER, meanwhile: destroyAll }, LOST_BEFORE]) {
      repository.faults.insert = [fault];
      await expect(given({ user: id })).rejects.toThrow(/unknown/);
      expect(await stored()).toBeUndefined();
      // What is stored by an id that its caller has chosen may have been destroyed by that id.
      repository.faults.insert = [{ ...fault, meanwhile: () => others.destroy(id) }];
      await expect(protocolOf(sessions).stored.replace(id, { a: 1 })).rejects.toThrow(/unknown/);
      expect(await stored()).toBeUndefined();
    }
    repository.faults.insert = [LOST_BEFORE, LOST_AFTER];
    await given({ a: 1 });
    expect(await stored()).toEqual({ a: 1, version: 0 });
  });

  it('carries the values of a session over that it has ended itself, though the answer was lost', async () => {
    await given({ cart: 1 });
    const takeOver = async () => {
      const live = await load();
      const request = { session: live, sessionID: id } as unknown as Parameters<typeof sessions.regenerate>[0];
      Object.defineProperty(live, 'regenerate', { value: (done: () => void) => (Object.assign(request, { session: {} }), done()) });
      await sessions.regenerate(request, { keep: 'all' });
      return request.session;
    };
    repository.faults.end = [LOST_BEFORE, LOST_AFTER];
    expect(await takeOver()).toEqual({ cart: 1 });
    expect(await database.run(`select data from {table} where session_id = '${storageKeyOf(id)}'`)).toEqual([]);
    await given({ cart: 2 });
    repository.faults.end = [{ ...LOST_BEFORE, meanwhile: destroyRow }];
    await expect(takeOver()).rejects.toThrow(/unknown which request ended it, so its values are not carried over/);
  });

  it('knows what it has destroyed, though the answer was lost', async () => {
    setUp({ userId: 'user' as never, maxSessionsPerUser: { max: 1, whenFull: 'deny' } });
    const user = id;
    await given({ user });
    repository.faults.destroySome = [LOST_AFTER];
    id = randomUUID();
    await expect(given({ user })).rejects.toThrow(SessionLimitError);
    expect(await stored()).toBeUndefined();
    repository.faults.destroySome = [LOST_BEFORE, LOST_AFTER];
    expect(await sessions.destroyAll({ userId: user })).toBe(1);
    repository.faults.destroySome = [{ ...ROLLED_BACK, effect: 'none' }];
    expect(await sessions.destroyAll({ userId: user })).toBe(0);
  });

  it('BoundedOutcome: ends after maxAttempts, and says whether something may be written', async () => {
    await given({ a: 1 });
    const first = await load();
    repository.faults.update = [ROLLED_BACK, ROLLED_BACK, ROLLED_BACK];
    repository.faults.updateLocked = [ROLLED_BACK, ROLLED_BACK, ROLLED_BACK];
    await expect(sessions.commit(Object.assign(first, { b: 1 }))).rejects.toThrow(SessionConflictError);
    expect(repository.calls.filter((call) => call.startsWith('update'))).toEqual([
      ...Array(3).fill('update'),
      ...Array(3).fill('updateLocked'),
    ]);
    await sessions.commit(first);
    expect(await stored()).toEqual({ a: 1, b: 1, version: 1 });
    repository.faults.update = [LOST_BEFORE, LOST_BEFORE, LOST_BEFORE];
    repository.faults.updateLocked = [LOST_BEFORE, LOST_BEFORE, LOST_BEFORE];
    await expect(sessions.commit(Object.assign(await load(), { c: 1 }))).rejects.toThrow(/unknown/);
    expect(await stored()).toEqual({ a: 1, b: 1, version: 1 });
  });

  describe('after its last attempt', () => {
    const WRITES = {
      conflict: (): Fault => ({ effect: 'none', meanwhile: theirs({ a: randomUUID() }) }),
      'rolled-back': (): Fault => ROLLED_BACK,
      'not-done': (): Fault => ({ kind: 'not-done', effect: 'none' }),
      unknown: (): Fault => LOST_BEFORE,
      failed: (): Fault => FAILED,
    };
    const LOOKS = {
      answered: undefined,
      'rolled-back': ROLLED_BACK,
      'not-done': { kind: 'not-done', effect: 'none' },
      unknown: LOST_BEFORE,
      failed: FAILED,
    } as const;
    type Write = keyof typeof WRITES;
    type Look = keyof typeof LOOKS;

    /** What two attempts must end in, of which the second needs an answer to its look. */
    function expected(first: Write, look: Look, second: Write): RegExp {
      const met = look === 'answered' ? [first, second] : [first, look];
      const isUnknown = first === 'unknown' || (look === 'answered' && second === 'unknown');
      if (met.includes('failed'))
        return isUnknown
          ? /^SessionUnavailableError: Could not find out the outcome of a commit/
          : /^SessionUnavailableError: Could not commit the session: the database reported an error: injected: failed\.$/;
      if (isUnknown) return /^SessionUnavailableError: .*injected: unknown\. Whether the commit took effect is unknown/;
      const trouble = met.findLast((kind) => kind === 'not-done' || kind === 'unknown');
      if (trouble === undefined) return /^SessionConflictError: .*was changed by others/;
      return new RegExp(`^SessionUnavailableError: .*injected: ${trouble}\\. None of 2 attempts succeeded, and nothing was written`);
    }

    const cases = (Object.keys(WRITES) as Write[])
      .filter((first) => first !== 'failed')
      .flatMap((first) =>
        (Object.keys(LOOKS) as Look[]).flatMap((look) =>
          (look === 'answered' ? (Object.keys(WRITES) as Write[]) : (['conflict'] as const)).map((second) => ({
            first,
            look,
            second: second as Write,
          })),
        ),
      );

    it('names the true reason, whatever the attempts met', async () => {
      for (const { first, look, second } of cases) {
        id = randomUUID();
        setUp({ maxAttempts: 2 });
        await given({ a: 1 });
        const live = await load();
        repository.faults = { update: [WRITES[first](), WRITES[second]()], load: [LOOKS[look]] };
        const failure = await sessions.commit(Object.assign(live, { b: 1 })).then(() => 'done', String);
        expect({ first, look, second, failure }).toEqual({
          first,
          look,
          second,
          failure: expect.stringMatching(expected(first, look, second)),
        });
        expect(await stored()).not.toHaveProperty('b');
      }
    });
  });

  it('NoResurrection: destroys a session after its first save if that is in flight, whatever its result', async () => {
    const inTheMidst = (fault: Fault): Fault => ({ ...fault, meanwhile: () => new Promise((resolve) => setTimeout(resolve, 20)) });
    for (const fault of [{ effect: 'none' } as const, FAILED]) {
      repository.faults.insert = [inTheMidst(fault)];
      const saved = given({ a: 1 });
      await new Promise(setImmediate);
      const [, destroyed] = await Promise.allSettled([saved, sessions.destroy(id)]);
      expect(destroyed.status).toBe('fulfilled');
      expect(await stored()).toBeUndefined();
    }
  });

  it('takes the lock after three lost races, so that no request starves', async () => {
    await given({ a: 1 });
    const live = await load();
    const race = (n: number): Fault => ({ effect: 'none', meanwhile: theirs({ [`t${n}`]: n }) });
    repository.faults.update = [race(1), race(2), race(3)];
    await sessions.commit(Object.assign(live, { b: 1 }));
    expect(await stored()).toEqual({ a: 1, b: 1, t1: 1, t2: 2, t3: 3, version: 4 });
    expect(repository.calls.filter((call) => call === 'updateLocked')).toHaveLength(1);
    expect(live).toMatchObject({ t1: 1, t2: 2, t3: 3 });
  });

  it('writes nothing when the others have written the same', async () => {
    await given({ a: 1 });
    const [first, second] = [await load(), await load()];
    await sessions.commit(Object.assign(first, { b: 1 }));
    await sessions.commit(Object.assign(second, { b: 1 }));
    expect(await stored()).toEqual({ a: 1, b: 1, version: 1 });
    setUp({ locking: 'pessimistic' });
    const third = await load();
    await theirs({ c: 1 })();
    await sessions.commit(Object.assign(third, { c: 1 }));
    expect(await stored()).toEqual({ a: 1, b: 1, c: 1, version: 2 });
  });

  it('NoResurrection: drops the changes when the record goes away between two tries, by version or by lock', async () => {
    await given({ a: 1 });
    const live = await load();
    repository.faults.update = [{ ...ROLLED_BACK, meanwhile: destroyRow }];
    await sessions.commit(Object.assign(live, { b: 1 }));
    expect(await stored()).toBeUndefined();

    await given({ a: 1 });
    setUp({ locking: 'pessimistic' });
    const locked = await load();
    await destroyRow();
    await sessions.commit(Object.assign(locked, { b: 1 }));
    expect(await stored()).toBeUndefined();
  });

  it('drops the changes when the row has become unreadable', async () => {
    await given({ a: 1 });
    const live = await load();
    repository.faults.update = [{ ...ROLLED_BACK, meanwhile: breakRow }];
    await sessions.commit(Object.assign(live, { b: 1 }));
    expect(protocolOf(sessions).states.isSettled(live)).toBe(true);
    expect(protocolOf(sessions).toucher.touch(id, live)).toBeUndefined();
    await sessions.destroy(id);

    await given({ a: 1 });
    const settled = await load();
    const breakData = () => database.run(`update {table} set data = '{' where session_id = '${storageKeyOf(id)}'`);
    repository.faults.update = [{ ...LOST_AFTER, meanwhile: breakData }];
    await sessions.commit(Object.assign(settled, { b: 1 }));
    await sessions.destroy(id);

    await given({ a: 1 });
    setUp({ locking: 'pessimistic' });
    const locked = await load();
    await breakRow();
    await sessions.commit(Object.assign(locked, { b: 1 }));
    await sessions.destroy(id);
  });

  it('inserts where an expired row is in the way', async () => {
    await given({ old: 1 });
    await database.run(
      `update {table} set expires_at = ${database.context.dialect.fromNow('-1')} where session_id = '${storageKeyOf(id)}'`,
    );
    await given({ a: 1 });
    expect(await stored()).toEqual({ a: 1, version: 0 });
  });

  it('answers in time when the database does not, and holds no later commit up', async () => {
    await given({ a: 1 });
    setUp({ timeout: 300 });
    const live = await load();
    let release = () => {};
    const wait = new Promise<void>((resolve) => {
      release = resolve;
    });
    repository.faults.update = [{ effect: 'none', meanwhile: () => wait }];
    await expect(sessions.commit(Object.assign(live, { b: 1 }))).rejects.toThrow(/did not answer within 300 ms/);
    await expect(sessions.commit(live)).rejects.toThrow(SessionUnavailableError);
    await sessions.commit(Object.assign(await load(), { c: 1 }));
    release();
  });

  it('BoundedOutcome: begins nothing more after its time is up', async () => {
    await given({ x: 'first' });
    setUp({ timeout: 300 });
    const [mine, next] = [await load(), await load()];
    let release = () => {};
    repository.faults.update = [
      {
        ...ROLLED_BACK,
        meanwhile: () =>
          new Promise<void>((resolve) => {
            release = resolve;
          }),
      },
    ];
    await expect(sessions.commit(Object.assign(mine, { x: 'old' }))).rejects.toThrow(SessionUnavailableError);
    release();
    await sessions.commit(Object.assign(next, { x: 'new' }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await stored()).toEqual({ x: 'new', version: 1 });
  });

  it('BoundedOutcome: waits no longer for a first save that hangs', async () => {
    setUp({ timeout: 60 });
    let release = () => {};
    repository.faults.insert = [
      {
        ...FAILED,
        meanwhile: () =>
          new Promise<void>((resolve) => {
            release = resolve;
          }),
      },
    ];
    await expect(given({ a: 1 })).rejects.toThrow(SessionUnavailableError);
    await expect(sessions.destroy(id)).rejects.toThrow(SessionUnavailableError);
    release();
  });

  it('NoLostKey: keeps the max age that another request has chosen', async () => {
    await given({ a: 1 });
    const [mine, theirMaxAge] = [await load(), 30 * 24 * 60 * 60 * 1000];
    const their = await load();
    Object.assign(their.cookie, { originalMaxAge: theirMaxAge });
    await sessions.commit(their);
    await sessions.commit(Object.assign(mine, { b: 1 }));
    mine.cookie.originalMaxAge = mine.cookie.maxAge;
    expect(protocolOf(sessions).states.isSettled(mine)).toBe(true);
    expect((await record())?.maxAge).toBe(theirMaxAge);
  });

  it('retries what can be sent again, and says so if each attempt fails', async () => {
    await given({ a: 1 });
    repository.faults.load = [ROLLED_BACK, LOST_BEFORE];
    expect(await load()).toMatchObject({ a: 1 });
    repository.faults.load = [LOST_BEFORE, LOST_BEFORE, LOST_BEFORE];
    await expect(sessions.load(id)).rejects.toThrow(SessionUnavailableError);
    repository.faults.load = [FAILED];
    await expect(sessions.load(id)).rejects.toThrow(/load the session/);
    repository.faults.touch = [FAILED];
    await protocolOf(sessions).toucher.touch(id, { cookie: { originalMaxAge: 1000 } });
    repository.faults.destroy = [FAILED];
    await expect(sessions.destroy(id)).rejects.toThrow(SessionUnavailableError);
    expect(await stored()).toMatchObject({ a: 1 });
  });

  it('leaves a value that the handler breaks while a commit is in flight to the next commit', async () => {
    await given({ a: 1 });
    const live = await load();
    const later: Fault = {
      effect: 'none',
      meanwhile: async () => {
        await theirs({ a: 2 })();
        live.a = 1n;
      },
    };
    repository.faults.update = [later];
    await sessions.commit(Object.assign(live, { b: 1 }));
    expect(await stored()).toEqual({ a: 2, b: 1, version: 2 });
    expect(protocolOf(sessions).states.isSettled(live)).toBe(false);
    await expect(sessions.commit(live)).rejects.toThrow(SessionNotSerializableError);
  });

  it('puts commits of one session one after the other', async () => {
    await given({ a: 1 });
    const live = await load();
    repository.faults.update = [FAILED];
    const first = sessions.commit(Object.assign(live, { b: 1 }));
    const second = sessions.commit(Object.assign(live, { c: 1 }));
    expect(protocolOf(sessions).states.hasChanges(live)).toBe(true);
    const outcomes = await Promise.allSettled([first, second]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await stored()).toEqual({ a: 1, version: 0 });
  });

  it('finds the user by a function, and refuses one that is too long', async () => {
    setUp({ userId: (session) => (session.passport as { user?: string } | undefined)?.user });
    await given({ passport: { user: id } });
    expect(await sessions.list({ userId: id })).toHaveLength(1);
    await expect(sessions.commit(Object.assign(await load(), { passport: { user: 'x'.repeat(256) } }))).rejects.toThrow(/256 characters/);
    expect(await sessions.destroyAll({ userId: id })).toBe(1);
    setUp({});
    await expect(sessions.list({ userId: id })).rejects.toThrow(/`userId`/);
    await expect(sessions.destroyAll({ userId: id })).rejects.toThrow(/`userId`/);
  });
});
