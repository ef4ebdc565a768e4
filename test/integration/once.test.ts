import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import {
  EntityManagerSessionRepository,
  SessionGoneError,
  SessionLockLostError,
  SessionLockedError,
  SessionNotSerializableError,
  SmartSessionConfigError,
  SqlSessionRepository,
  type SessionService,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { FaultyRepository, LOST_AFTER, LOST_BEFORE } from '../support/faulty-repository.js';
import { gate } from '../support/gate.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;

describe.each(REPOSITORY_CASES)(
  'work that is done once, on $database, $locking, $name',
  ({ database: dialect, locking, repository: Repository, n }) => {
    const tableName = `once_${dialect}_${n}`;
    const options: SmartSessionModuleOptions = { locking };
    let database: SessionsDatabase;
    /** Two processes of the app. */
    let one: SessionService;
    let two: SessionService;
    let id: string;
    let works = 0;

    beforeAll(async () => {
      Logger.overrideLogger(false);
      database = await SessionsDatabase.open(dialect, tableName);
    });
    beforeEach(async () => {
      await database.run(`delete from ${leaseTable()}`);
      [one, two] = [newProcess(), newProcess()];
      id = randomUUID();
      works = 0;
      await one.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n: 0 }));
    });
    afterAll(() => database.close());

    const newProcess = () => serviceOver(new Repository(database.context), options).sessions;
    const live = async (process: SessionService) => (await process.load(id)) as Live;
    const stored = async () => (await two.load(id)) as Live;
    const leaseTable = () => database.context.dialect.quote(`${tableName}_leases`);
    const leases = () => database.run(`select * from ${leaseTable()}`);

    /** Counts its runs, and stores their number. */
    const work = async (draft: Live) => {
      const run = ++works;
      await sleep(30);
      draft.run = run;
    };
    const select = ({ run }: Live) => run as number;

    it('runs for one caller of many in two processes, and all see what it has committed', async () => {
      const callers = await Promise.all(
        Array.from({ length: 12 }, async (_, caller) => {
          const process = caller % 2 ? one : two;
          const session = await live(process);
          return { session, process };
        }),
      );
      const results = await Promise.all(
        callers.map(({ session, process }) =>
          process.once(session, 'tokens', { isFresh: ({ run }: Live) => run !== undefined, work, select }),
        ),
      );
      expect(works).toBe(1);
      expect(results).toEqual(callers.map(() => 1));
      expect(callers.map(({ session }) => (session as Live).run)).toEqual(results);
      expect(await stored()).toMatchObject({ n: 0, run: results[0] });
    });

    it('runs once where callers of another process come while it runs', async () => {
      const [isRunning, hasLooked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const waiting = new Repository(database.context);
      const { look, take } = waiting.leases!;
      let taken = 0;
      waiting.leases!.take = (...parameters) => (taken++, take.apply(waiting.leases, parameters));
      waiting.leases!.look = (...parameters) => (hasLooked.resolve(), look.apply(waiting.leases, parameters));
      const other = serviceOver(waiting, options).sessions;
      const session = await live(other);
      const first = one.once(id, 'tokens', {
        select,
        work: async (draft: Live) => {
          isRunning.resolve();
          await hasLooked.promise;
          await work(draft);
        },
      });
      await isRunning.promise;
      const others = [session, session].map((from) => other.once(from, 'tokens', { work, select }));
      expect(await Promise.all([first, ...others])).toEqual([1, 1, 1]);
      // It tries to take the lease once, and then only looks whether that is still held.
      expect([works, session.run, taken]).toEqual([1, 1, 1]);
    });

    it('does not run for a caller that finds the lease expired, if its holder commits before the caller takes it', async () => {
      const [isRunning, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const holding = new Repository(database.context);
      // The lease expires while its holder works.
      holding.leases!.extend = async () => false;
      const first = serviceOver(holding, options).sessions.once(id, 'tokens', {
        lease: 100,
        select,
        work: async (draft: Live) => {
          isRunning.resolve();
          await mayEnd.promise;
          await work(draft);
        },
      });
      await isRunning.promise;
      const waiting = new Repository(database.context);
      const { take } = waiting.leases!;
      let taken = 0;
      waiting.leases!.take = async (lease, ms, isWaiting) => {
        // The lease is held for the first attempt, whatever time it is.
        if (taken++ === 0) return false;
        mayEnd.resolve();
        await first;
        return take.call(waiting.leases, lease, ms, isWaiting);
      };
      expect(await serviceOver(waiting, options).sessions.once(id, 'tokens', { work, select })).toBe(1);
      expect([works, await first]).toEqual([1, 1]);
    });

    it('does not run for a caller whose process stood still before its work, if another process has done it meanwhile', async () => {
      const standing = new Repository(database.context);
      const { take } = standing.leases!;
      let taken = 0;
      standing.leases!.take = async (lease, ms, isWaiting) => {
        const isTaken = await take.call(standing.leases, lease, ms, isWaiting);
        // The other process waits until the lease has expired.
        if (taken++ === 0) await two.once(id, 'tokens', { work });
        return isTaken;
      };
      expect(await serviceOver(standing, options).sessions.once(id, 'tokens', { lease: 100, work, select })).toBe(1);
      expect([works, taken]).toEqual([1, 2]);
    });

    it('runs once also if its values cannot be stored, and all callers of the process get the error', async () => {
      const broken = async (draft: Live) => {
        await work(draft);
        draft.broken = () => undefined;
      };
      const calls = await Promise.allSettled(Array.from({ length: 5 }, () => one.once(id, 'tokens', { work: broken })));
      expect(works).toBe(1);
      for (const call of calls) expect(call).toMatchObject({ status: 'rejected', reason: expect.any(SessionNotSerializableError) });
      expect(await leases()).toEqual([]);
    });

    it('is not revived by a copy of the statement that took it, if that arrives late', async () => {
      const { leases: named } = new Repository(database.context);
      const lease = { storageKey: storageKeyOf(id), name: 'tokens', leaseId: randomUUID() };
      await named!.take(lease, 1000, false);
      await database.context.runner.onOneConnection((run) => named!.finish(run, lease));
      expect(await named!.take(lease, 1000, false)).toBe(false);
      expect(await named!.look(lease.storageKey, 'tokens')).toMatchObject({ isDone: true });
    });

    it('does not run for a session that was loaded before others have done the work', async () => {
      const isFresh = ({ run }: Live) => run !== undefined;
      const [early, late] = [await live(one), await live(two)];
      expect(await one.once(early, 'tokens', { isFresh, work, select })).toBe(1);
      expect(await two.once(late, 'tokens', { isFresh, work, select })).toBe(1);
      expect(works).toBe(1);
    });

    it('runs again when it is no longer fresh, and sends nothing while it is', async () => {
      const isFresh = ({ run = 0 }: Live) => run >= wanted;
      let wanted = 1;
      const session = await live(one);
      expect(await one.once(session, 'tokens', { isFresh, work, select })).toBe(1);
      expect(await one.once(session, 'tokens', { isFresh, work, select })).toBe(1);
      wanted = 2;
      expect(
        await Promise.all([one, two].map(async (process) => process.once(await live(process), 'tokens', { isFresh, work, select }))),
      ).toEqual([2, 2]);
      expect(works).toBe(2);
    });

    it('keeps what others commit meanwhile, and what the request has changed before', async () => {
      const session = await live(one);
      session.mine = 1;
      await one.once(session, 'tokens', {
        work: async (draft: Live) => {
          expect(draft).toEqual({ n: 0, mine: 1 });
          await two.update(id, (other: Live) => void (other.theirs = 1));
          draft.run = 1;
        },
      });
      expect(session).toMatchObject({ n: 0, mine: 1, theirs: 1, run: 1 });
      expect(await stored()).toMatchObject({ n: 0, mine: 1, theirs: 1, run: 1 });
    });

    it('gives its error to those who wait in the same process, and lets another process try', async () => {
      const [isRunning, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const failing = async (draft: Live) => {
        draft.broken = 1;
        isRunning.resolve();
        await mayEnd.promise;
        throw new RangeError('refused');
      };
      const [mine, same, theirs] = [await live(one), await live(one), await live(two)];
      const first = one.once(mine, 'tokens', { work: failing });
      await isRunning.promise;
      const settled = Promise.allSettled([first, one.once(same, 'tokens', { work, select }), two.once(theirs, 'tokens', { work, select })]);
      // The caller of the same process waits by then.
      await new Promise(setImmediate);
      mayEnd.resolve();
      expect((await settled).map((result) => (result.status === 'fulfilled' ? result.value : (result.reason as Error).message))).toEqual([
        'refused',
        'refused',
        1,
      ]);
      expect(await stored()).not.toHaveProperty('broken');
    });

    it('waits no longer than `timeout`, in one process and in another', async () => {
      const [isRunning, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const first = one.once(id, 'tokens', { work: () => (isRunning.resolve(), mayEnd.promise) });
      await isRunning.promise;
      for (const process of [one, two]) await expect(process.once(id, 'tokens', { work, timeout: 60 })).rejects.toThrow(SessionLockedError);
      expect(await one.once(id, 'checkout', { work, select })).toBe(1);
      mayEnd.resolve();
      await first;
    });

    it('goes to another process when the first is gone', async () => {
      const { leases: named } = new Repository(database.context);
      await named!.take({ storageKey: storageKeyOf(id), name: 'tokens', leaseId: randomUUID() }, 150, false);
      const begin = performance.now();
      expect(await one.once(id, 'tokens', { work, select })).toBe(1);
      expect(performance.now() - begin).toBeGreaterThan(100);
    });

    it('commits nothing when its lease was taken over', async () => {
      const taken = Promise.withResolvers<void>();
      const lost = one.once(await live(one), 'tokens', {
        work: async (draft: Live) => {
          draft.stale = 1;
          await database.run(`update ${leaseTable()} set lease_id = 'of another'`);
          taken.resolve();
        },
      });
      await expect(lost).rejects.toThrow(SessionLockLostError);
      await taken.promise;
      expect(await stored()).not.toHaveProperty('stale');
      expect(await leases()).toMatchObject([{ lease_id: 'of another' }]);
    });

    it('keeps its lease as long as it runs', async () => {
      const expiry = async () => String((await leases())[0]!.expires_at);
      const first = one.once(id, 'tokens', {
        lease: 900,
        select,
        work: async (draft: Live) => {
          const before = await expiry();
          while ((await expiry()) === before) await sleep(20);
          await work(draft);
        },
      });
      expect(await first).toBe(1);
    });

    it('fails for a session that has ended, before and while it runs', async () => {
      const session = await live(one);
      const ending = one.once(session, 'tokens', { work: () => two.destroy(id) });
      await expect(ending).rejects.toThrow(SessionGoneError);
      await expect(two.once(id, 'tokens', { work })).rejects.toThrow(SessionGoneError);
      expect(works).toBe(0);
      expect(await two.load(id)).toBeUndefined();
    });

    it('fails for a session that others have ended since it was loaded, and for one that ends while it runs by its id', async () => {
      const session = await live(one);
      await two.destroy(id);
      await expect(one.once(session, 'tokens', { work })).rejects.toThrow(SessionGoneError);
      await one.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n: 0 }));
      await expect(one.once(id, 'tokens', { work: () => two.destroy(id) })).rejects.toThrow(SessionGoneError);
      expect([works, await leases()]).toEqual([0, []]);
    });

    it('refuses more callers than may wait, and works again for a caller whose session is still not fresh', async () => {
      const [isRunning, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const [mine, full, stale] = [await live(one), await live(one), await live(one)];
      const first = one.once(mine, 'tokens', {
        work: async (draft: Live) => {
          isRunning.resolve();
          await mayEnd.promise;
          await work(draft);
        },
      });
      await isRunning.promise;
      await expect(one.once(full, 'tokens', { work, maxWaiting: 0 })).rejects.toThrow(/queue in this process is full/);
      const again = one.once(stale, 'tokens', { isFresh: ({ run }: Live) => run === 2, work, select });
      mayEnd.resolve();
      await first;
      expect(await again).toBe(2);
    });

    it('forgets the leases that ended an hour ago when it prunes, and no others', async () => {
      const { dialect: sql } = database.context;
      const make = (name: string, lease: number) =>
        new Repository(database.context).leases!.take({ storageKey: storageKeyOf(id), name, leaseId: randomUUID() }, lease, false);
      const names = async () => (await leases()).map((row) => String(row.name)).toSorted();
      await Promise.all([make('held', 60_000), make('expired', -1000), one.once(id, 'done', { work })]);
      await one.prune();
      expect(await names()).toEqual(['done', 'expired', 'held']);
      await database.run(`update ${leaseTable()} set expires_at = ${sql.after('expires_at', '-3600000')} where name <> 'held'`);
      await one.prune();
      expect(await names()).toEqual(['held']);
    });

    it('runs alone for a session that is not stored yet, and stores it', async () => {
      const created = Object.assign(Object.defineProperty({}, 'id', { value: randomUUID() }), { begun: 1 });
      expect(await one.once(created, 'tokens', { work, select })).toBe(1);
      expect(await two.load((created as unknown as { id: string }).id)).toMatchObject({ begun: 1, run: 1 });
    });

    it('runs inside work of the same name, and beside work of another', async () => {
      const session = await live(one);
      await one.once(session, 'tokens', {
        work: async (draft: Live) => {
          draft.outer = 1;
          await one.once(session, 'tokens', { work: (inner: Live) => void (inner.inner = draft.outer + 1) });
          await one.once(session, 'checkout', { work });
        },
      });
      expect(await stored()).toMatchObject({ outer: 1, inner: 2, run: 1 });
    });

    it('gives inner work what the draft holds', async () => {
      const session = await live(one);
      let inner: unknown;
      await one.once(session, 'tokens', {
        work: async (draft: Live) => {
          draft.run = 7;
          inner = await one.once(session, 'tokens', { isFresh: ({ run }: Live) => run === 7, work, select });
        },
      });
      expect(inner).toBe(7);
    });

    it('runs again for what work of the same name has left behind', async () => {
      const session = await live(one);
      let later = Promise.resolve();
      const mayGoOn = Promise.withResolvers<void>();
      await one.once(session, 'tokens', {
        work: () => {
          later = mayGoOn.promise.then(() => one.once(session, 'tokens', { work }));
        },
      });
      mayGoOn.resolve();
      await later;
      expect(await stored()).toMatchObject({ run: 1 });
    });

    it.each([[''], ['x'.repeat(256)], ['a\0b'], [undefined]])('refuses the name %j', async (name) => {
      await expect(one.once(id, name as string, { work })).rejects.toThrow(SmartSessionConfigError);
    });

    it.each([{ timeout: 0 }, { lease: 99 }, { maxWaiting: -1 }])('refuses %j', async (limit) => {
      await expect(one.once(id, 'tokens', { work, ...limit })).rejects.toThrow(SmartSessionConfigError);
    });
  },
);

describe.each(REPOSITORY_CASES.filter(({ repository }) => repository === SqlSessionRepository))(
  'work that is done once and meets faults, on $database',
  ({ database: dialect }) => {
    let database: SessionsDatabase;
    let repository: FaultyRepository;
    let sessions: SessionService;
    let id: string;

    beforeAll(async () => {
      Logger.overrideLogger(false);
      database = await SessionsDatabase.open(dialect, `once_faults_${dialect}`);
    });
    beforeEach(async () => {
      repository = new FaultyRepository(database.context);
      sessions = serviceOver(repository).sessions;
      id = randomUUID();
      await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n: 0 }));
    });
    afterAll(() => database.close());

    it('goes on if the database refuses to extend or to release its lease, and says so', async () => {
      const warnings: string[] = [];
      Logger.overrideLogger({ log() {}, error() {}, debug() {}, warn: (message: string) => warnings.push(message) });
      const { leases } = repository;
      const refuse = async (): Promise<never> => {
        throw Object.assign(new Error('refused'), { code: 'XX000' });
      };
      Object.assign(leases!, { extend: refuse, release: refuse });
      await expect(
        sessions.once(id, 'tokens', {
          lease: 300,
          work: async () => {
            while (warnings.length === 0) await sleep(5);
            throw new RangeError('of the work');
          },
        }),
      ).rejects.toThrow('of the work');
      Logger.overrideLogger(false);
      expect(warnings).toEqual([
        expect.stringMatching(/^The lease "tokens" of record \w{8}… was not extended: /),
        expect.stringMatching(/^The lease "tokens" of record \w{8}… was not released, and ends by itself: /),
      ]);
    });

    it('commits by itself, because other commits have no lease', async () => {
      const session = (await sessions.load(id)) as Live;
      const inFlight = gate();
      repository.faults = { update: [inFlight.fault], updateMany: [inFlight.fault] };
      const first = sessions.update(id, (draft: Live) => void (draft.first = 1));
      await inFlight.arrived;
      const hasWorked = Promise.withResolvers<void>();
      const done = sessions.once(id, 'tokens', { work: (draft: Live) => ((draft.run = 1), hasWorked.resolve()) });
      await hasWorked.promise;
      const last = sessions.commit(Object.assign(session, { last: 1 }));
      // Both wait for the commit in flight by then.
      await new Promise(setImmediate);
      repository.faults = {};
      inFlight.open();
      await Promise.all([first, done, last]);
      expect(await sessions.load(id)).toMatchObject({ first: 1, run: 1, last: 1 });
      expect(await repository.leases!.look(storageKeyOf(id), 'tokens')).toMatchObject({ isDone: true });
    });

    it.each([
      ['after it took effect', LOST_AFTER],
      ['before', LOST_BEFORE],
    ])('is committed once if the connection is lost %s', async (_when, fault) => {
      let works = 0;
      repository.faults.updateLocked = [fault];
      await sessions.once(id, 'tokens', { work: (draft: Live) => void (draft.run = ++works) });
      expect(works).toBe(1);
      expect(await sessions.load(id)).toMatchObject({ run: 1 });
    });
  },
);

it('is refused without a table of leases, where all else works', async () => {
  const database = await SessionsDatabase.open('sqlite', 'once_first_layout');
  const first = Object.assign(Object.create(database.context) as typeof database.context, { layout: 1 });
  for (const Repository of [SqlSessionRepository, EntityManagerSessionRepository])
    await expect(serviceOver(new Repository(first)).sessions.once('an id', 'tokens', { work: () => undefined })).rejects.toThrow(
      /leases by name/,
    );
  expect(await serviceOver(new SqlSessionRepository(first)).sessions.prune()).toBe(0);
  await database.close();
});
