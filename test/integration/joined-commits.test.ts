import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/core';
import {
  SessionGoneError,
  SessionInTransactionError,
  SessionLimitError,
  SessionLockLostError,
  SessionUnavailableError,
  SmartSessionConfigError,
  counter,
  type SessionService,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { connectionOptions } from '../support/databases.js';
import { OrdersDatabase } from '../support/orders-database.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';

type Live = Record<string, any>;

describe.each(REPOSITORY_CASES)(
  'a change inside a transaction of the app, on $database, $locking, $name',
  ({ database: dialect, locking, repository: Repository, n }) => {
    const options: SmartSessionModuleOptions = { locking, merge: { visits: counter() }, timeout: 1000 };
    let site: OrdersDatabase;
    let sessions: SessionService;
    /** Another process of the app. */
    let other: SessionService;
    let id: string;
    let session: Live;

    beforeAll(async () => {
      Logger.overrideLogger(false);
      site = await OrdersDatabase.open(dialect, `joined_${dialect}_${n}`, Repository, options);
    });
    beforeEach(async () => {
      await site.begin({ visits: 1 });
      [sessions, other, id] = [site.newProcess(), site.newProcess(), site.id];
      session = (await sessions.load(id)) as Live;
    });
    afterAll(() => site.close());

    const stored = () => site.stored();
    const orders = async () => (await site.orders()).length;
    const order = (em: EntityManager) => site.place(em, []);
    const newSession = (values: Live) => ((site.id = id = randomUUID()), site.newSession(values));
    const visit = (draft: Live) => void draft.visits++;

    /** A transaction of the app that is rolled back at its end. */
    const undone = (work: (em: EntityManager) => Promise<unknown>) =>
      site.orm.em
        .fork()
        .transactional(async (em) => {
          await work(em);
          throw new RangeError('of the app');
        })
        .catch((error: unknown) => {
          if (!(error instanceof RangeError)) throw error;
        });

    const CHANGES: readonly [string, (em: EntityManager) => Promise<unknown>][] = [
      ['update with em', (em) => sessions.update(session, visit, { em })],
      ['update', () => sessions.update(session, visit)],
      ['commit', () => sessions.commit(Object.assign(session, { visits: session.visits + 1 }))],
    ];

    describe.each(CHANGES)('by %s', (_name, change) => {
      it('takes effect with the rows, and the live session moves on after COMMIT', async () => {
        session.before = 1;
        await site.orm.em.fork().transactional(async (em) => {
          order(em);
          await change(em);
        });
        expect(session).toMatchObject({ before: 1, visits: 2 });
        expect([await stored(), await orders()]).toMatchObject([{ before: 1, visits: 2 }, 1]);
        await sessions.commit(Object.assign(session, { visits: session.visits + 1 }));
        expect(await stored()).toMatchObject({ visits: 3 });
      });

      it('has no effect if the transaction is rolled back, and what the request has changed is stored later', async () => {
        session.before = 1;
        await undone(async (em) => {
          order(em);
          await change(em);
        });
        expect([await stored(), await orders()]).toMatchObject([{ visits: 1 }, 0]);
        const kept = session.visits as number;
        await sessions.commit(session);
        expect(await stored()).toMatchObject({ before: 1, visits: kept });
      });

      it('merges with what another process has stored', async () => {
        await other.update(id, (draft: Live) => void (draft.visits += 100));
        await site.orm.em.fork().transactional((em) => change(em));
        expect([session, await stored()]).toMatchObject([{ visits: 102 }, { visits: 102 }]);
      });

      it('counts once, however often it is made in the transaction', async () => {
        session.visits += 10;
        await site.orm.em.fork().transactional(async (em) => {
          await change(em);
          await change(em);
          await Promise.all([change(em), change(em)]);
        });
        expect([session, await stored()]).toMatchObject([{ visits: 15 }, { visits: 15 }]);
        await sessions.commit(session);
        expect(await stored()).toMatchObject({ visits: 15 });
      });

      it('inserts a new session, or does not', async () => {
        session = newSession({ visits: 0 });
        await undone((em) => change(em));
        expect(await stored()).toBeUndefined();
        session.visits = 0;
        await site.orm.em.fork().transactional((em) => change(em));
        expect([session, await stored()]).toMatchObject([{ visits: 1 }, { visits: 1 }]);
        await sessions.update(session, visit);
        expect(await stored()).toMatchObject({ visits: 2 });
      });

      it('lets another commit of the live session wait until the transaction has ended', async () => {
        let later: Promise<void> | undefined;
        await site.orm.em.fork().transactional(async (em) => {
          await change(em);
          later = outside(() => sessions.update(session, visit));
          await Promise.resolve();
        });
        await later;
        expect([session, await stored()]).toMatchObject([{ visits: 3 }, { visits: 3 }]);
      });

      it('is fenced by a lock', async () => {
        let failure: unknown;
        await sessions
          .lock(session, 'checkout', async () => {
            await site.stealLeases();
            await undone(async (em) => void (failure = await change(em).catch((error: unknown) => error)));
          })
          .catch(() => undefined);
        await site.clearLeases();
        expect(failure).toBeInstanceOf(SessionLockLostError);
        expect(await stored()).toMatchObject({ visits: 1 });
      });

      it('is refused inside a nested transaction', async () => {
        const nested = site.orm.em.fork().transactional((outer) => outer.transactional((em) => change(em)));
        await expect(nested).rejects.toThrow(SessionInTransactionError);
        await expect(nested).rejects.toThrow(/a nested transaction \(a savepoint\)/);
        expect(await stored()).toMatchObject({ visits: 1 });
      });
    });

    /** Runs work outside of the transaction that the caller is inside. */
    const outside = <Result>(work: () => Promise<Result>): Promise<Result> => Outside.run(work);
    let Outside: { run<Result>(work: () => Promise<Result>): Promise<Result> };
    beforeAll(async () => {
      const { AsyncLocalStorage } = await import('node:async_hooks');
      Outside = { run: AsyncLocalStorage.snapshot() } as typeof Outside;
    });

    it('stays as it was where a savepoint around it was rolled back', async () => {
      session.before = 1;
      await site.orm.em.fork().transactional(async (outer) => {
        order(outer);
        await outer
          .transactional(async () => {
            await sessions.update(session, visit, { em: outer });
            throw new RangeError('of the app');
          })
          .catch(() => undefined);
      });
      expect([session, await stored(), await orders()]).toMatchObject([{ visits: 1 }, { visits: 1 }, 1]);
      await sessions.commit(session);
      expect(await stored()).toMatchObject({ before: 1, visits: 1 });
    });

    it('stores nothing twice where a savepoint around a later change was rolled back', async () => {
      session.visits += 10;
      await site.orm.em.fork().transactional(async (outer) => {
        await sessions.update(session, visit, { em: outer });
        await undoneInside(outer, () => sessions.update(session, visit, { em: outer }));
      });
      expect([session, await stored()]).toMatchObject([{ visits: 12 }, { visits: 12 }]);
      await sessions.commit(session);
      expect(await stored()).toMatchObject({ visits: 12 });
    });

    it.each<[string, (em: EntityManager) => Promise<unknown>]>([
      ['the session', (em) => sessions.update(session, visit, { em })],
      ['its id', (em) => sessions.update(id, visit, { em })],
    ])('stores what a savepoint had stored that was rolled back, and then a change by %s', async (_by, change) => {
      Object.assign(session, { visits: 11, before: 1 });
      await site.orm.em.fork().transactional(async (outer) => {
        await undoneInside(outer, () => sessions.update(session, visit, { em: outer }));
        await change(outer);
      });
      await sessions.commit(session);
      expect([session, await stored()]).toMatchObject([
        { before: 1, visits: 12 },
        { before: 1, visits: 12 },
      ]);
    });

    /** Does work inside a savepoint that is rolled back. */
    const undoneInside = (outer: EntityManager, work: () => Promise<unknown>) =>
      outer
        .transactional(async () => {
          await work();
          throw new RangeError('of the app');
        })
        .catch(() => undefined);

    it.each(['a new session', 'one that others had changed before'])('goes on with %s if the COMMIT fails', async (which) => {
      if (which === 'a new session') {
        session = newSession({ visits: 1 });
      } else await other.update(id, (draft: Live) => void (draft.others = 1));
      let refuses = true;
      const refuse = async () => {
        if (refuses) throw new RangeError('of the app');
      };
      site.orm.em.getEventManager().registerSubscriber({ beforeTransactionCommit: refuse });
      const failed = site.orm.em.fork().transactional((em) => sessions.update(session, visit, { em }));
      await expect(failed).rejects.toThrow(new RangeError('of the app'));
      refuses = false;
      await sessions.update(session, visit);
      expect([session, await stored()]).toMatchObject([{ visits: 2 }, { visits: 2 }]);
    });

    it('moves each session on, though the user of another has no room', async () => {
      const limited = site.newProcess({ ...options, userId: 'user', maxSessionsPerUser: { max: 1, whenFull: 'deny' } });
      const user = randomUUID();
      const login = (draft: Live) => void (draft.user = user);
      await limited.update(session, login);
      await limited.commit(newSession({ visits: 0 }));
      const second = id;
      await limited.commit(newSession({ visits: 1 }));
      session = (await limited.load(id)) as Live;
      session.visits += 10;
      const refused = site.orm.em.fork().transactional(async (em) => {
        await limited.update(second, login, { em });
        await limited.update(session, visit, { em });
      });
      await expect(refused).rejects.toThrow(SessionLimitError);
      expect(session).toMatchObject({ visits: 12 });
      await limited.commit(session);
      expect([await limited.load(second), await stored()]).toMatchObject([undefined, { visits: 12 }]);
    });

    // SQLite has one connection, so that no other transaction holds the row.
    if (dialect !== 'sqlite')
      it('stores nothing twice if the transaction commits a write whose answer came too late', async () => {
        session.visits += 10;
        const holder = site.orm.em.fork();
        await holder.begin();
        await other.update(id, (draft: Live) => void (draft.held = 1), { em: holder });
        await site.orm.em.fork().transactional(async (em) => {
          await expect(sessions.update(session, visit, { em })).rejects.toThrow(SessionUnavailableError);
          await holder.commit();
          // Waits for the late statements on the same connection.
          await em.getConnection('write').execute('select 1', [], 'run', em.getTransactionContext());
        });
        await sessions.commit(session).catch(() => undefined);
        expect(((await stored()) as Live).visits).toBeLessThanOrEqual(12);
        await expect(sessions.commit(session)).rejects.toThrow(SessionUnavailableError);
      });

    it('refuses a lock before its work, also inside the same lock', async () => {
      let runs = 0;
      const lock = (locked: object) => site.orm.em.fork().transactional(() => sessions.lock(locked, 'checkout', () => void runs++));
      await expect(sessions.lock(session, 'checkout', () => lock(session))).rejects.toThrow(SessionInTransactionError);
      await expect(lock(newSession({ visits: 1 }))).rejects.toThrow(SessionInTransactionError);
      expect(runs).toBe(0);
    });

    it('takes part in a transaction that em.begin() has opened', async () => {
      const em = site.orm.em.fork();
      await em.begin();
      await sessions.update(session, visit, { em });
      await em.rollback();
      expect([session, await stored()]).toMatchObject([{ visits: 1 }, { visits: 1 }]);
      await em.begin();
      await sessions.update(session, visit, { em });
      expect(session.visits).toBe(1);
      await em.commit();
      expect([session, await stored()]).toMatchObject([{ visits: 2 }, { visits: 2 }]);
    });

    it('takes part by session id, also after the live session', async () => {
      await undone((em) => sessions.update(id, visit, { em }));
      expect(await stored()).toMatchObject({ visits: 1 });
      await site.orm.em.fork().transactional(async (em) => {
        await sessions.update(id, visit, { em });
        await sessions.update(session, visit, { em });
        await sessions.update(id, visit);
      });
      expect(await stored()).toMatchObject({ visits: 4 });
      await sessions.update(session, visit);
      expect([session, await stored()]).toMatchObject([{ visits: 5 }, { visits: 5 }]);
    });

    it('returns what the function returns, and is told of a session that has ended', async () => {
      expect(
        await site.orm.em.fork().transactional((em) => sessions.update(session, (draft: Live) => draft.visits as number, { em })),
      ).toBe(1);
      await other.destroy(id);
      for (const from of [session, id])
        await expect(site.orm.em.fork().transactional((em) => sessions.update(from, visit, { em }))).rejects.toThrow(SessionGoneError);
    });

    it('is refused with an em that has no open transaction, or is of another database', async () => {
      await expect(sessions.update(session, visit, { em: site.orm.em.fork() })).rejects.toThrow(/option `em`: its transaction is not open/);
      const another = await MikroORM.init(connectionOptions('sqlite'));
      const foreign = another.em.fork().transactional((em) => sessions.update(session, visit, { em }));
      await expect(foreign).rejects.toThrow(SmartSessionConfigError);
      await another.close();
      expect(await stored()).toMatchObject({ visits: 1 });
    });

    it('keeps the limit of the app for lock waits', async () => {
      const limit = LIMIT[dialect as keyof typeof LIMIT];
      const read = (em: EntityManager) => em.getConnection('write').execute(limit ?? 'select 1', [], 'all', em.getTransactionContext());
      await site.orm.em.fork().transactional(async (em) => {
        if (dialect === 'postgresql')
          await em.getConnection('write').execute("set local lock_timeout = '1234ms'", [], 'run', em.getTransactionContext());
        const before = await read(em);
        await sessions.update(session, visit, { em });
        expect(await read(em)).toEqual(before);
      });
    });

    it('gives up a session whose transaction does not end, so that its response is not held for ever', async () => {
      sessions = site.newProcess({ ...options, timeout: 200 });
      session = (await sessions.load(id)) as Live;
      const em = site.orm.em.fork();
      await em.begin();
      await sessions.update(session, visit, { em });
      const waiting = sessions.commit(Object.assign(session, { later: 1 }));
      await expect(waiting).rejects.toThrow(SessionUnavailableError);
      await expect(waiting).rejects.toThrow(/a transaction of the app that changes it did not end within 200 ms/);
      await em.commit();
      expect(await stored()).toMatchObject({ visits: 2 });
      await expect(sessions.commit(session)).rejects.toThrow(SessionUnavailableError);
    });
  },
);

const LIMIT = {
  postgresql: 'show lock_timeout',
  mysql: 'select @@session.innodb_lock_wait_timeout',
  mariadb: 'select @@session.innodb_lock_wait_timeout',
} as const;
