import { SqlSessionRepository, type SessionService } from '../../src/index.js';
import { Backoff } from '../../src/batching/backoff.js';
import { transactionsOf } from '../support/orders.js';
import { serviceOver } from '../support/service-over.js';
import type { SessionsDatabase } from '../support/sessions-database.js';

type Ways = readonly (() => Promise<unknown>)[];

/** Returns services that share the connections of the app's MikroORM, and a session that is stored. */
async function shared(database: SessionsDatabase, timeout = 1000) {
  const transactions = transactionsOf(database.context);
  const repository = new SqlSessionRepository(database.context);
  const { sessions } = serviceOver(repository, { timeout }, new Backoff(), undefined, undefined, transactions);
  const id = `shared-${process.hrtime.bigint()}`;
  await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { a: 1 }));
  return { sessions, id, session: (await sessions.load(id)) as object, em: database.context.orm!.em.fork() };
}

const nothing = () => undefined;
const change = (sessions: SessionService, session: object | string) => sessions.update(session, (draft) => Object.assign(draft, { b: 1 }));

/** Changes a session inside transactions where that is not possible. */
export function refusedInTransactions(database: SessionsDatabase): Ways {
  return [
    async () => {
      const { sessions, id, em } = await shared(database);
      await em.transactional((outer) => outer.transactional(() => change(sessions, id)));
    },
    async () => {
      const { sessions, id } = await shared(database);
      await sessions.transactional(id, () => change(sessions, id));
    },
  ];
}

/** Commits a session whose transaction of the app does not end. */
export async function waitForTransaction(database: SessionsDatabase): Promise<void> {
  const { sessions, session, em } = await shared(database, 100);
  await em.begin();
  await sessions.update(session, (draft) => Object.assign(draft, { b: 1 }), { em });
  await sessions.commit(Object.assign(session, { c: 1 })).finally(() => em.rollback());
}

/** Uses what transactions need, where it is missing. */
export function unfitForTransactions(database: SessionsDatabase): Ways {
  const own = () => serviceOver(new SqlSessionRepository(database.context)).sessions;
  return [
    () => own().transactional('an id', nothing),
    async () => {
      const { sessions, id, em } = await shared(database);
      await sessions.update(id, nothing, { em });
    },
    async () => {
      const { sessions, id } = await shared(database);
      await sessions.transactional(id, nothing, { maxAttempts: 0 });
    },
    async () => {
      const { sessions, id } = await shared(database);
      await sessions.lock(id, '', nothing);
    },
    async () => {
      const { sessions, id } = await shared(database);
      await sessions.once(id, 'lock:a', { work: nothing });
    },
    () => {
      const repository = Object.assign(new SqlSessionRepository(database.context), { leases: undefined });
      return serviceOver(repository).sessions.once('an id', 'tokens', { work: nothing });
    },
  ];
}
