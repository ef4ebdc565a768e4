import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import {
  SessionGoneError,
  SessionLockLostError,
  SessionLockedError,
  SmartSessionConfigError,
  SqlSessionRepository,
  type SessionService,
  type SmartSessionModuleOptions,
  type WorkLease,
} from '../../src/index.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;

describe.each(REPOSITORY_CASES)(
  'a lock by name, on $database, $locking, $name',
  ({ database: dialect, locking, repository: Repository, n }) => {
    const options: SmartSessionModuleOptions = { locking };
    let database: SessionsDatabase;
    /** Two processes of the app. */
    let one: SessionService;
    let two: SessionService;
    let id: string;

    beforeAll(async () => {
      Logger.overrideLogger(false);
      database = await SessionsDatabase.open(dialect, `named_locks_${dialect}_${n}`);
    });
    beforeEach(async () => {
      await database.run(`delete from ${leaseTable()}`);
      [one, two] = [newProcess(), newProcess()];
      id = randomUUID();
      await one.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n: 0 }));
    });
    afterAll(() => database.close());

    /** Time passes in these tests, and the repositories do not differ. */
    const inOneRepository = (name: string, test: () => Promise<void>) => n === 0 && it(name, test);

    const newProcess = () => serviceOver(new Repository(database.context), options).sessions;
    const live = async (process: SessionService) => (await process.load(id)) as Live;
    const stored = async () => (await newProcess().load(id)) as Live;
    const leaseTable = () => database.context.dialect.quote(`named_locks_${dialect}_${n}_leases`);
    const leases = () => database.run(`select * from ${leaseTable()}`);
    const steal = () => database.run(`update ${leaseTable()} set lease_id = 'of another'`);

    it('lets one caller after the other read and write what it is not atomic to change, in two processes', async () => {
      const callers = await Promise.all(
        Array.from({ length: 10 }, async (_, i) => [i % 2 ? one : two, await live(i % 2 ? one : two)] as const),
      );
      let [inside, most] = [0, 0];
      const results = await Promise.all(
        callers.map(([process, session], i) =>
          process.lock(i % 3 ? session : id, 'checkout', async (locked: Live) => {
            most = Math.max(most, ++inside);
            const { n: before } = locked;
            await Promise.resolve();
            locked.n = before + 1;
            inside--;
            return locked.n as number;
          }),
        ),
      );
      expect(most).toBe(1);
      expect(results.toSorted((a, b) => a - b)).toEqual(callers.map((_caller, i) => i + 1));
      expect(await stored()).toMatchObject({ n: 10 });
      expect(await leases()).toEqual([]);
    });

    it('does not wait for another name, nor for requests that do not lock', async () => {
      const session = await live(one);
      await one.lock(session, 'a', async () => {
        await two.lock(id, 'b', (other: Live) => void (other.b = 1));
        await two.update(id, (draft: Live) => void (draft.c = 1));
        Object.assign(session, { a: 1 });
      });
      expect(await stored()).toMatchObject({ n: 0, a: 1, b: 1, c: 1 });
    });

    it('commits what the work has changed before it throws, and throws its error', async () => {
      const session = await live(one);
      const failed = one.lock(session, 'checkout', (locked: Live) => {
        locked.n = 7;
        throw new RangeError('of the work');
      });
      await expect(failed).rejects.toThrow(new RangeError('of the work'));
      expect(await stored()).toMatchObject({ n: 7 });
      expect(await leases()).toEqual([]);
    });

    it('runs the same lock inside itself, by session and by id', async () => {
      const session = await live(one);
      await one.lock(session, 'checkout', async (outer: Live) => {
        outer.n = 1;
        await one.lock(session, 'checkout', (inner: Live) => void (inner.m = 1), { timeout: 50 });
        expect(await stored()).toMatchObject({ n: 1, m: 1 });
        await one.lock(id, 'checkout', (inner: Live) => void (inner.o = 1), { timeout: 50 });
      });
      expect(await stored()).toMatchObject({ n: 1, m: 1, o: 1 });
    });

    it('makes two calls of one request wait for each other, if neither is inside the other', async () => {
      const session = await live(one);
      let inside = 0;
      const work = async () => {
        expect(++inside).toBe(1);
        await Promise.resolve();
        inside--;
      };
      await Promise.all([one.lock(session, 'checkout', work), one.lock(session, 'checkout', work)]);
    });

    it('runs nothing inside a lock that has ended', async () => {
      const session = await live(one);
      let later: (() => Promise<unknown>) | undefined;
      await one.lock(session, 'checkout', () => {
        const mayRun = Promise.withResolvers<void>();
        const late = mayRun.promise.then(() => one.lock(session, 'checkout', () => undefined, { timeout: 30 }));
        later = () => (mayRun.resolve(), late);
      });
      await two.lock(id, 'checkout', async () => {
        await expect(later!()).rejects.toThrow(SessionLockedError);
      });
    });

    it('ends by its timeout where two callers take two locks in different orders', async () => {
      const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const both = await Promise.allSettled([
        one.lock(id, 'a', async () => {
          first.resolve();
          await second.promise;
          await one.lock(id, 'b', () => undefined, { timeout: 60 });
        }),
        two.lock(id, 'b', async () => {
          second.resolve();
          await first.promise;
          await two.lock(id, 'a', () => undefined, { timeout: 60 });
        }),
      ]);
      expect(both.some(({ status }) => status === 'rejected')).toBe(true);
      for (const outcome of both) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(SessionLockedError);
      expect(await leases()).toEqual([]);
    });

    it.each(['session', 'id'] as const)('commits nothing when its lease was taken over, by %s', async (by) => {
      const session = await live(one);
      const lost = one.lock(by === 'session' ? session : id, 'checkout', async (locked: Live) => {
        locked.n = 5;
        await steal();
      });
      await expect(lost).rejects.toThrow(SessionLockLostError);
      await expect(lost).rejects.toThrow(/The lease "lock:checkout" of session/);
      expect(await stored()).toMatchObject({ n: 0 });
      if (by === 'session') await expect(one.commit(session)).rejects.toThrow(SessionLockLostError);
      expect(await leases()).toMatchObject([{ lease_id: 'of another' }]);
    });

    it.each<[string, (session: Live) => Promise<unknown>]>([
      ['commit', (session) => one.commit(Object.assign(session, { n: 5 }))],
      ['update', (session) => one.update(session, (draft: Live) => void (draft.n = 5))],
      ['update by id', () => one.update(id, (draft: Live) => void (draft.n = 5))],
      ['update that changes nothing', (session) => one.update(session, (draft: Live) => draft.n)],
      ['once', (session) => one.once(session, 'tokens', { work: (draft: Live) => void (draft.n = 5) })],
      ['once by id', () => one.once(id, 'tokens', { work: (draft: Live) => void (draft.n = 5) })],
      ['another lock', (session) => one.lock(session, 'inner', (inner: Live) => void (inner.n = 5))],
    ])('fences a %s inside the work', async (_call, call) => {
      const session = await live(one);
      let failure: unknown;
      await one
        .lock(session, 'checkout', async () => {
          await steal();
          failure = await call(session).catch((error: unknown) => error);
        })
        .catch(() => undefined);
      expect(failure).toBeInstanceOf(SessionLockLostError);
      expect(await stored()).toMatchObject({ n: 0 });
    });

    it('needs no lease for a commit after the work', async () => {
      const session = await live(one);
      await one.lock(session, 'checkout', () => undefined);
      await one.commit(Object.assign(session, { n: 3 }));
      expect(await stored()).toMatchObject({ n: 3 });
    });

    it('ends when its process is gone, and not before', async () => {
      const gone = { storageKey: String((await database.run('select session_id from {table} order by created_at desc'))[0]!.session_id) };
      const repository = new Repository(database.context);
      await repository.leases!.take({ ...gone, name: 'lock:checkout', leaseId: 'of a killed process' }, 300, false);
      await expect(one.lock(id, 'checkout', () => 1, { timeout: 20 })).rejects.toThrow(SessionLockedError);
      expect(await one.lock(id, 'checkout', () => 1, { timeout: 5000 })).toBe(1);
    });

    inOneRepository('does not begin the work if its process stood still until the lease may have ended', async () => {
      const repository = new Repository(database.context);
      const { take } = repository.leases!;
      let taken = 0;
      repository.leases!.take = async (...parameters) => {
        const isTaken = await take.apply(repository.leases, parameters);
        if (taken++ === 0) {
          await sleep(130);
          await two.lock(id, 'checkout', (theirs: Live) => void (theirs.n = 1));
        }
        return isTaken;
      };
      const { sessions } = serviceOver(repository, options);
      const seen: unknown[] = [];
      await sessions.lock(id, 'checkout', (mine: Live, lease) => void seen.push(mine.n, lease.isHeld()), { lease: 100 });
      expect(seen).toEqual([1, true]);
      expect(taken).toBeGreaterThan(1);
    });

    inOneRepository('does not begin a handler if its process stood still until the lease may have ended', async () => {
      const repository = new Repository(database.context);
      const { leaseAndLoad } = repository;
      let taken = 0;
      repository.leaseAndLoad = async (...parameters) => {
        const found = await leaseAndLoad!.apply(repository, parameters);
        if (taken++ === 0) await sleep(130);
        return found;
      };
      const { sessions, locker } = serviceOver(repository, options);
      const unlock = await locker.lock((await sessions.load(id))!, { timeout: 1000, lease: 100, maxWaiting: 1 });
      expect(taken).toBeGreaterThan(1);
      await unlock?.();
    });

    inOneRepository('is refused if its lease always ends before the work can begin', async () => {
      const repository = new Repository(database.context);
      const { take } = repository.leases!;
      repository.leases!.take = async (...parameters) => {
        const isTaken = await take.apply(repository.leases, parameters);
        await sleep(110);
        return isTaken;
      };
      const { sessions } = serviceOver(repository, options);
      let runs = 0;
      const limits = { lease: 100, timeout: 150 };
      const late = /its lease of 100 ms ends before the work can begin/;
      await expect(sessions.lock(id, 'checkout', () => void runs++, limits)).rejects.toThrow(late);
      await expect(sessions.once(id, 'tokens', { work: () => void runs++, ...limits })).rejects.toThrow(late);
      expect(runs).toBe(0);
    });

    inOneRepository('tells the work whether another process may have the lock by now, also inside itself', async () => {
      const repository = new Repository(database.context);
      repository.leases!.extend = async () => false;
      const { sessions } = serviceOver(repository, options);
      const told: boolean[] = [];
      const work = async (_session: unknown, lease: WorkLease) => {
        told.push(lease.isHeld());
        await sessions.lock(id, 'checkout', (_again, inner) => void told.push(inner.isHeld()));
        await sleep(270);
        told.push(lease.isHeld());
      };
      await sessions.lock(id, 'checkout', work, { lease: 250 });
      await sessions.once(id, 'tokens', { lease: 250, work: async (draft, lease) => (await work(draft, lease), undefined) });
      expect(told).toEqual([true, true, false, true, true, false]);
    });

    it('goes on if work inside it loses a lease of its own', async () => {
      const session = await live(one);
      const table = leaseTable();
      await one.lock(session, 'outer', async () => {
        const lost = one.once(session, 'inner', {
          work: () => database.run(`update ${table} set lease_id = 'of another' where name = 'inner'`),
        });
        await expect(lost).rejects.toThrow(SessionLockLostError);
        Object.assign(session, { n: 4 });
      });
      await one.commit(Object.assign(session, { m: 5 }));
      expect(await stored()).toMatchObject({ n: 4, m: 5 });
    });

    it('is not taken for a session that has ended', async () => {
      const session = await live(one);
      await two.destroy(id);
      await expect(one.lock(session, 'checkout', () => 1)).rejects.toThrow(SessionGoneError);
      await expect(one.lock(id, 'checkout', () => 1)).rejects.toThrow(SessionGoneError);
      expect(await leases()).toEqual([]);
    });

    it('is not needed for a session that is not stored yet, which is stored by it', async () => {
      id = randomUUID();
      const session = Object.defineProperty({}, 'id', { value: id }) as Live;
      expect(await one.lock(session, 'checkout', (locked: Live) => (locked.n = 9))).toBe(9);
      expect(await stored()).toMatchObject({ n: 9 });
      expect(await leases()).toEqual([]);
    });

    it('is its own where work that is done once has the same name', async () => {
      const session = await live(one);
      const once = () =>
        one.once(session, 'tokens', { work: (draft: Live) => void (draft.n = 1), timeout: 50, select: (done: Live) => done.n as number });
      expect(await one.lock(session, 'tokens', once)).toBe(1);
    });
  },
);

describe('a lock by name', () => {
  it.each<[unknown]>([[''], ['x'.repeat(251)], ['a\0b'], [undefined], [7]])('refuses the name %j', async (name) => {
    const { sessions } = serviceOver({ leases: {} } as never);
    await expect(sessions.lock('id', name as string, () => undefined)).rejects.toThrow(SmartSessionConfigError);
  });

  it('is refused without a table of leases', async () => {
    const database = await SessionsDatabase.open('sqlite', 'unnamed_locks');
    const repository = Object.assign(new SqlSessionRepository(database.context), { leases: undefined });
    const { sessions } = serviceOver(repository, { hashIds: false });
    await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: 'id' }), { n: 0 }));
    await expect(sessions.lock('id', 'checkout', () => undefined)).rejects.toThrow(/A lock with a name needs leases by name/);
    await database.close();
  });

  it('refuses a name of work that would be that of a lock', async () => {
    const { sessions } = serviceOver({ leases: {} } as never);
    await expect(sessions.once('id', 'lock:a', { work: () => undefined })).rejects.toThrow(/does not begin with "lock:"/);
  });
});
