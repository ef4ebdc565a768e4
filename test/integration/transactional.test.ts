import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { IsolationLevel, type EntityManager } from '@mikro-orm/core';
import {
  SessionConflictError,
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
import { OrdersDatabase } from '../support/orders-database.js';
import { transactionsOf } from '../support/orders.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;

describe.each(REPOSITORY_CASES)(
  'a transaction with rows of the app, on $database, $locking, $name',
  ({ database: dialect, locking, repository: Repository, n }) => {
    const options: SmartSessionModuleOptions = { locking, merge: { visits: counter() }, timeout: 2000 };
    let site: OrdersDatabase;
    /** Two processes of the app. */
    let one: SessionService;
    let two: SessionService;
    let id: string;

    beforeAll(async () => {
      Logger.overrideLogger(false);
      site = await OrdersDatabase.open(dialect, `transactional_${dialect}_${n}`, Repository, options);
    });
    beforeEach(async () => {
      await site.begin({ visits: 1, cart: ['a'] });
      [one, two, id] = [site.newProcess(), site.newProcess(), site.id];
    });
    afterAll(() => site.close());

    const live = async (process: SessionService) => (await process.load(id)) as Live;
    const stored = () => site.stored();
    const orders = () => site.orders();
    const order = (em: EntityManager, items: string[]) => site.place(em, items);
    const newSession = (values: Live) => ((site.id = id = randomUUID()), site.newSession(values));

    /** Pays for the cart, if there is one. */
    const pay = async (em: EntityManager, draft: Live) => {
      if (draft.cart.length === 0) return 'empty';
      order(em, draft.cart);
      await em.flush();
      draft.cart = [];
      return 'paid';
    };

    it('writes both, and shows the outcome in the live session', async () => {
      const session = await live(one);
      Object.assign(session, { before: 1 });
      expect(await one.transactional(session, pay)).toBe('paid');
      expect(session).toMatchObject({ before: 1, cart: [] });
      expect(await stored()).toMatchObject({ before: 1, cart: [], visits: 1 });
      expect(await orders()).toMatchObject([{ items: 'a' }]);
      await one.commit(Object.assign(session, { after: 1 }));
      expect(await stored()).toMatchObject({ after: 1, cart: [] });
    });

    it('writes both by session id', async () => {
      expect(await one.transactional(id, pay)).toBe('paid');
      expect(await stored()).toMatchObject({ cart: [] });
      expect(await orders()).toHaveLength(1);
    });

    it('flushes what the work has persisted', async () => {
      await one.transactional(id, (em, draft: Live) => (order(em, draft.cart), void (draft.cart = [])));
      expect(await orders()).toHaveLength(1);
    });

    it('writes neither if the work throws, and the live session stays as it was', async () => {
      const session = await live(one);
      session.visits++;
      const failed = one.transactional(session, async (em, draft: Live) => {
        await pay(em, draft);
        throw new RangeError('of the app');
      });
      await expect(failed).rejects.toThrow(new RangeError('of the app'));
      expect(session).toMatchObject({ visits: 2, cart: ['a'] });
      expect([await stored(), await orders()]).toMatchObject([{ visits: 1, cart: ['a'] }, []]);
      await one.commit(session);
      expect(await stored()).toMatchObject({ visits: 2, cart: ['a'] });
    });

    it('merges what the request has changed before with what others have stored', async () => {
      const session = await live(one);
      session.visits += 10;
      await two.update(id, (draft: Live) => void (draft.visits += 100));
      expect(await one.transactional(session, (_em, draft: Live) => draft.visits as number)).toBe(111);
      expect(session.visits).toBe(111);
      await one.commit(session);
      expect(await stored()).toMatchObject({ visits: 111 });
    });

    it('inserts a new session with the rows, and neither if the work throws', async () => {
      const session = newSession({ cart: ['b'] });
      const failed = one.transactional(session, async (em, draft: Live) => {
        await pay(em, draft);
        throw new RangeError('of the app');
      });
      await expect(failed).rejects.toThrow(RangeError);
      expect([await stored(), await orders()]).toEqual([undefined, []]);
      expect(await one.transactional(session, pay)).toBe('paid');
      expect([await stored(), await orders()]).toMatchObject([{ cart: [] }, [{ items: 'b' }]]);
      await one.commit(Object.assign(session, { after: 1 }));
      expect(await stored()).toMatchObject({ cart: [], after: 1 });
    });

    it('stores no new session that holds nothing', async () => {
      await one.transactional(newSession({}), (em) => order(em, ['c']));
      expect([await stored(), await orders()]).toMatchObject([undefined, [{ items: 'c' }]]);
    });

    it('pays for a cart once, whoever asks, in two processes', async () => {
      const callers = await Promise.all(
        Array.from({ length: 12 }, async (_, i) => [i % 2 ? one : two, await live(i % 2 ? one : two)] as const),
      );
      const results = await Promise.all(callers.map(([process, session], i) => process.transactional(i % 3 ? session : id, pay)));
      expect(results.filter((result) => result === 'paid')).toHaveLength(1);
      expect([await stored(), await orders()]).toMatchObject([{ cart: [] }, [{ items: 'a' }]]);
    });

    it('loses nothing that other requests commit meanwhile', async () => {
      const sessions = await Promise.all(Array.from({ length: 6 }, () => live(two)));
      await Promise.all([
        one.transactional(id, pay),
        ...sessions.map((session, i) => two.commit(Object.assign(session, { [`k${i}`]: i }))),
        ...sessions.map(() => one.update(id, (draft: Live) => void draft.visits++)),
      ]);
      expect(await stored()).toMatchObject({ cart: [], visits: 7, k0: 0, k1: 1, k2: 2, k3: 3, k4: 4, k5: 5 });
    });

    it('runs again if the database rolls it back, and not after maxAttempts', async () => {
      let runs = 0;
      const fail = (times: number) => async (em: EntityManager, draft: Live) => {
        await pay(em, draft);
        if (++runs <= times) throw Object.assign(new Error('deadlock'), ROLLED_BACK[dialect]);
      };
      await one.transactional(id, fail(2));
      expect([runs, await orders()]).toMatchObject([3, [{ items: 'a' }]]);
      await one.update(id, (draft: Live) => void (draft.cart = ['again']));
      runs = 0;
      await expect(one.transactional(id, fail(99), { maxAttempts: 2 })).rejects.toThrow(SessionConflictError);
      expect([runs, await stored()]).toMatchObject([2, { cart: ['again'] }]);
      expect(await orders()).toHaveLength(1);
    });

    it('does not run again after an error of the app', async () => {
      let runs = 0;
      const first = await one.transactional(id, (em) => (order(em, []), 'first'));
      const known = String((await orders())[0]!.id);
      const failed = one.transactional(id, async (em, draft: Live) => {
        runs++;
        draft.cart = [];
        site.place(em, [], known);
        await em.flush();
      });
      await expect(failed).rejects.toThrow(/unique|duplicate/i);
      expect([first, runs, await stored()]).toMatchObject(['first', 1, { cart: ['a'] }]);
    });

    // Kysely does not give SQLite's one connection back after such an end.
    if (dialect !== 'sqlite')
      it('is refused where the work hides that the database has ended the transaction', async () => {
        const hides = one.transactional(id, async (em, draft: Live) => {
          await pay(em, draft);
          await em.getConnection('write').execute('rollback', [], 'run', em.getTransactionContext());
        });
        await expect(hides).rejects.toThrow(SessionUnavailableError);
        await expect(hides).rejects.toThrow(/has ended the transaction while `work` ran/);
        expect([await stored(), await orders()]).toMatchObject([{ cart: ['a'] }, []]);
      });

    it('stores nothing twice if the outcome stays unknown', async () => {
      const session = await live(one);
      session.visits += 10;
      let isLost = true;
      site.orm.em.getEventManager().registerSubscriber({
        afterTransactionCommit: async () => {
          if (!isLost) return;
          isLost = false;
          await two.update(id, (draft: Live) => void (draft.others = 1));
          throw new Error('The answer is lost.');
        },
      });
      await expect(one.transactional(session, pay)).rejects.toThrow(SessionUnavailableError);
      await expect(one.commit(session)).rejects.toThrow(SessionUnavailableError);
      expect([await stored(), await orders()]).toMatchObject([{ visits: 11, cart: [], others: 1 }, [{ items: 'a' }]]);
    });

    it('lets the session go on if no run has taken effect', async () => {
      const session = await live(one);
      session.visits += 10;
      let refuses = true;
      const refuse = async () => {
        if (refuses) throw new RangeError('of the app');
      };
      site.orm.em.getEventManager().registerSubscriber({ beforeTransactionCommit: refuse });
      await expect(one.transactional(session, pay, { maxAttempts: 2 })).rejects.toThrow(SessionUnavailableError);
      refuses = false;
      await one.commit(session);
      expect([await stored(), await orders()]).toMatchObject([{ visits: 11, cart: ['a'] }, []]);
    });

    it.each(['session', 'id'])('ends a session by its %s whose user has no room, and tells it', async (by) => {
      const limited = site.newProcess({ ...options, userId: 'user', maxSessionsPerUser: { max: 1, whenFull: 'deny' } });
      const user = randomUUID();
      await limited.update(id, (draft: Live) => void (draft.user = user));
      await limited.commit(newSession({ cart: ['a'] }));
      let runs = 0;
      const login = (em: EntityManager, draft: Live) => {
        runs++;
        draft.user = user;
        return pay(em, draft);
      };
      await expect(limited.transactional(by === 'id' ? id : await live(limited), login)).rejects.toThrow(SessionLimitError);
      expect([runs, await stored(), await orders()]).toMatchObject([1, undefined, [{ items: 'a' }]]);
    });

    it('is refused for a session that has ended, before the work runs', async () => {
      const session = await live(one);
      await two.destroy(id);
      let runs = 0;
      for (const from of [session, id]) await expect(one.transactional(from, () => void runs++)).rejects.toThrow(SessionGoneError);
      expect(runs).toBe(0);
    });

    // SQLite has one level.
    if (dialect !== 'sqlite')
      it('uses the isolation level that is given', async () => {
        const level = async (em: EntityManager) => {
          const [row] = await em
            .getConnection('write')
            .execute(ISOLATION[dialect as keyof typeof ISOLATION], [], 'all', em.getTransactionContext());
          return String(Object.values(row as object)[0])
            .toLowerCase()
            .replace('-', ' ');
        };
        expect(await one.transactional(id, level, { isolationLevel: IsolationLevel.SERIALIZABLE })).toBe('serializable');
      });

    it('holds up another commit of the live session no longer than the timeout, if its work hangs', async () => {
      const impatient = site.newProcess({ ...options, timeout: 300 });
      const session = await live(impatient);
      const [hasBegun, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const hanging = impatient.transactional(session, () => (hasBegun.resolve(), mayEnd.promise));
      await hasBegun.promise;
      const waiting = impatient.commit(Object.assign(session, { later: 1 }));
      await expect(waiting.finally(() => mayEnd.resolve())).rejects.toThrow(/did not end within 300 ms/);
      await hanging;
      await expect(impatient.commit(session)).rejects.toThrow(SessionUnavailableError);
    });

    it('leaves the identity map of the app alone', async () => {
      await one.transactional(id, async (em, draft: Live) => {
        order(em, draft.cart);
        await em.flush();
        expect(em.getUnitOfWork().getIdentityMap().keys()).toHaveLength(1);
      });
      expect(site.orm.em.getUnitOfWork().getIdentityMap().keys()).toEqual([]);
    });

    it.each<[string, (session: Live, em: EntityManager) => Promise<unknown>]>([
      ['commit', (session) => one.commit(Object.assign(session, { x: 1 }))],
      ['update', (session) => one.update(session, (draft: Live) => void (draft.x = 1))],
      ['update with em', (session, em) => one.update(session, (draft: Live) => void (draft.x = 1), { em })],
      ['update by id', () => one.update(id, (draft: Live) => void (draft.x = 1))],
      ['transactional', (session) => one.transactional(session, () => undefined)],
      ['lock', (session) => one.lock(session, 'x', () => undefined)],
      ['once', (session) => one.once(session, 'x', { work: () => undefined })],
      ['load', () => one.load(id)],
    ])('refuses a %s of the same session inside', async (_call, call) => {
      const session = await live(one);
      let failure: unknown;
      await one.transactional(session, async (em, draft: Live) => {
        failure = await call(session, em).catch((error: unknown) => error);
        draft.cart = [];
      });
      expect(failure).toBeInstanceOf(SessionInTransactionError);
      expect(await stored()).toMatchObject({ cart: [], visits: 1 });
    });

    it('lets an update of another session take part', async () => {
      const other = randomUUID();
      await one.commit(Object.assign(Object.defineProperty({}, 'id', { value: other }), { n: 0 }));
      const both = (fails: boolean) =>
        one.transactional(id, async (_em, draft: Live) => {
          draft.cart = [];
          await one.update(other, (theirs: Live) => void theirs.n++);
          if (fails) throw new RangeError('of the app');
        });
      await expect(both(true)).rejects.toThrow(RangeError);
      expect(await site.newProcess().load(other)).toMatchObject({ n: 0 });
      await both(false);
      expect([await site.newProcess().load(other), await stored()]).toMatchObject([{ n: 1 }, { cart: [] }]);
    });

    it('is fenced by a lock that it runs in', async () => {
      const session = await live(one);
      const lost = one.lock(session, 'checkout', async () => {
        await site.stealLeases();
        await one.transactional(session, pay);
      });
      await expect(lost).rejects.toThrow(SessionLockLostError);
      expect([await stored(), await orders()]).toMatchObject([{ cart: ['a'] }, []]);
      await site.clearLeases();
      const again = await live(one);
      expect(await one.lock(again, 'checkout', () => one.transactional(again, pay))).toBe('paid');
    });

    it.each([0, -1, 1.5, Number.NaN])('refuses maxAttempts: %j', async (maxAttempts) => {
      await expect(one.transactional(id, () => undefined, { maxAttempts })).rejects.toThrow(SmartSessionConfigError);
    });
  },
);

const ROLLED_BACK = {
  postgresql: { code: '40P01' },
  mysql: { errno: 1213, code: 'ER_LOCK_DEADLOCK', sqlState: '40001' },
  mariadb: { errno: 1213, code: 'ER_LOCK_DEADLOCK', sqlState: '40001' },
  sqlite: { code: 'SQLITE_BUSY' },
} as const;

const INNODB_LEVEL = 'select trx_isolation_level from information_schema.innodb_trx where trx_mysql_thread_id = connection_id()';

const ISOLATION = { postgresql: 'show transaction_isolation', mysql: INNODB_LEVEL, mariadb: INNODB_LEVEL } as const;

describe('a transaction with rows of the app', () => {
  it('is refused where the sessions have connections of their own, or a repository that takes no part', async () => {
    const database = await SessionsDatabase.open('sqlite', 'own_connections');
    const { SqlSessionRepository } = await import('../../src/index.js');
    const own = serviceOver(new SqlSessionRepository(database.context)).sessions;
    await expect(own.transactional('id', () => undefined)).rejects.toThrow(/have not the connections of the app's MikroORM/);
    await expect(own.update('id', () => undefined, { em: database.context.orm!.em })).rejects.toThrow(SmartSessionConfigError);
    const repository = Object.assign(new SqlSessionRepository(database.context), { records: undefined });
    const { sessions } = serviceOver(repository, {}, undefined, undefined, undefined, transactionsOf(database.context));
    await expect(sessions.transactional('id', () => undefined)).rejects.toThrow(/needs a repository that works inside transactions/);
    await database.close();
  });
});
