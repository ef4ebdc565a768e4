import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/core';
import {
  SessionUnavailableError,
  SmartSessionOptions,
  counter,
  defineSessionEntity,
  type SessionService,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import type { DatabaseContext } from '../../src/persistence/database-context.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { isCommit } from '../support/commit-bytes.js';
import { CONNECTIONS, connectionOptions } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { dropTables } from '../support/drop-tables.js';
import { createOrders, orderEntity, place, transactionsOf } from '../support/orders.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { serviceOver } from '../support/service-over.js';
import { TcpProxy, type Passage } from '../support/tcp-proxy.js';

type Live = Record<string, any>;

const CASES = REPOSITORY_CASES.filter(({ database }) => database !== 'sqlite');

describeEach(CASES)(
  'a change in a transaction of the app whose COMMIT is not answered, on $database, $locking, $name',
  ({ database: dialect, locking, repository: Repository, n }) => {
    const tableName = `lost_${dialect}_${n}`;
    const ordersTable = `${tableName}_orders`;
    const Order = orderEntity(ordersTable);
    const entities = [defineSessionEntity({ tableName }), Order];
    const options: SmartSessionModuleOptions = { locking, merge: { visits: counter() }, userId: 'user', timeout: 2000 };
    let proxy: TcpProxy;
    /** Through the proxy. */
    let orm: MikroORM;
    let context: DatabaseContext;
    let sessions: SessionService;
    /** Another process, with connections of its own. */
    let other: SessionService;
    let direct: MikroORM;
    let id: string;
    let session: Live;

    beforeAll(async () => {
      Logger.overrideLogger(false);
      proxy = await TcpProxy.start(CONNECTIONS[dialect as 'postgresql']);
      orm = await MikroORM.init(connectionOptions(dialect, { ...proxy.address, entities, pool: { min: 0, max: 1 } }));
      direct = await MikroORM.init(connectionOptions(dialect, { entities }));
      context = await openDatabase(new SmartSessionOptions({ secret: 'test', tableName, createTable: true }), orm);
      other = processOn(await openDatabase(new SmartSessionOptions({ secret: 'test', tableName }), direct));
    });
    beforeEach(async () => {
      await createOrders(context, ordersTable);
      sessions = processOn(context);
      id = randomUUID();
      await sessions.commit(newSession({ visits: 1 }));
      session = (await sessions.load(id)) as Live;
    });
    afterAll(async () => {
      await dropTables(dialect, context.runner.run, tableName);
      await context.runner.run(`drop table if exists ${ordersTable}`);
      await Promise.all([orm.close(), direct.close()]);
      await proxy.close();
    });

    const processOn = (of: DatabaseContext) =>
      serviceOver(new Repository(of), options, undefined, undefined, undefined, transactionsOf(of)).sessions;
    const newSession = (values: Live) => Object.assign(Object.defineProperty({}, 'id', { value: id }), values) as Live;
    const stored = async () => (await processOn(context).load(id)) as Live | undefined;
    const orders = async () => (await context.runner.run(`select * from ${ordersTable}`)).rows.length;
    const visit = (draft: Live) => void draft.visits++;

    /** Cuts the next COMMIT. */
    const cut = (passage: Passage, meanwhile = () => {}) => {
      proxy.judge = (sent) => {
        if (!isCommit(sent)) return 'forward';
        proxy.judge = () => 'forward';
        meanwhile();
        return passage;
      };
    };

    /** Changes the session in a transaction of the app, whose COMMIT fails. */
    const changeAndFail = async () => {
      const failed = orm.em.fork().transactional(async (em: EntityManager) => {
        place(em, Order, { id: randomUUID(), session: id, items: '' });
        await sessions.update(session, visit, { em });
      });
      await expect(failed).rejects.toThrow();
    };

    /** Keeps the connections of this process waiting from its COMMIT on, and lets another process work. */
    const cutWhile = async (passage: Passage, work: () => Promise<unknown>) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      cut(passage, () => (proxy.gate = promise));
      await changeAndFail();
      await work();
      proxy.gate = undefined;
      resolve();
    };

    it('shows in the live session if it has taken effect, and is not made again', async () => {
      Object.assign(session, { before: 1, visits: session.visits + 10 });
      cut('cut after');
      await changeAndFail();
      await sessions.commit(session);
      expect(session).toMatchObject({ before: 1, visits: 12 });
      expect([await stored(), await orders()]).toMatchObject([{ before: 1, visits: 12 }, 1]);
      await sessions.update(session, visit);
      expect([session, await stored()]).toMatchObject([{ visits: 13 }, { visits: 13 }]);
    });

    it('leaves the live session as it was if it has not, and what the request has changed is stored once', async () => {
      Object.assign(session, { before: 1, visits: session.visits + 10 });
      cut('cut before');
      await changeAndFail();
      await sessions.commit(session);
      expect(session).toMatchObject({ before: 1, visits: 11 });
      expect([await stored(), await orders()]).toMatchObject([{ before: 1, visits: 11 }, 0]);
      await sessions.update(session, visit);
      expect(await stored()).toMatchObject({ visits: 12 });
    });

    it.each(['cut before', 'cut after'] as const)('is unknown if the record has changed since, %s the server had it', async (passage) => {
      session.visits += 10;
      await cutWhile(passage, () => other.update(id, (draft: Live) => void (draft.visits += 100)));
      await expect(sessions.commit(session)).rejects.toThrow(SessionUnavailableError);
      const landed = passage === 'cut after' ? 1 : 0;
      expect([await stored(), await orders()]).toMatchObject([{ visits: landed ? 112 : 101 }, landed]);
    });

    it('inserts a new session once, and is unknown if that is absent, because COMMIT may still arrive', async () => {
      const insertAndFail = async (passage: Passage) => {
        id = randomUUID();
        session = newSession({ visits: 0 });
        cut(passage);
        await changeAndFail();
        return sessions.commit(Object.assign(session, { after: 1 }));
      };
      await insertAndFail('cut after');
      expect([session, await stored(), await orders()]).toMatchObject([{ visits: 1 }, { visits: 1, after: 1 }, 1]);
      await expect(insertAndFail('cut before')).rejects.toThrow(SessionUnavailableError);
      expect([await stored(), await orders()]).toEqual([undefined, 1]);
    });

    it('is unknown if a new session is absent, and its user may have ended it', async () => {
      id = randomUUID();
      session = newSession({ visits: 0, user: 'anna' });
      await cutWhile('cut after', async () => {
        await expect.poll(() => other.load(id)).toBeDefined();
        await other.destroyAll({ userId: 'anna' });
      });
      await expect(sessions.commit(session)).rejects.toThrow(SessionUnavailableError);
      expect(await stored()).toBeUndefined();
    });

    it('is not made again by `transactional` if the new session is absent, and its user may have ended it', async () => {
      id = randomUUID();
      let runs = 0;
      const { promise: opened, resolve: open } = Promise.withResolvers<void>();
      cut('cut after', () => (proxy.gate = opened));
      const failed = sessions.transactional(newSession({ user: 'anna' }), (em) => {
        runs++;
        place(em, Order, { id: randomUUID(), session: id, items: '' });
      });
      await expect.poll(() => other.load(id)).toBeDefined();
      await other.destroyAll({ userId: 'anna' });
      proxy.gate = undefined;
      open();
      await expect(failed).rejects.toThrow(SessionUnavailableError);
      expect([runs, await stored(), await orders()]).toEqual([1, undefined, 1]);
    });
  },
);
