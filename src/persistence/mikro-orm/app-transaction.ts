import type { MikroORM, Transaction } from '@mikro-orm/core';

/** A transaction that knows whether it has ended: Kysely's in MikroORM 7, knex's in MikroORM 6.6. */
interface Ending {
  readonly isCommitted?: boolean;
  readonly isRolledBack?: boolean;
  isCompleted?(): boolean;
}

/**
 * Whether the caller runs inside a transaction of this MikroORM: `em.transactional`, `@Transactional()`, or `em.begin()` on the
 * request's entity manager.
 *
 * MikroORM keeps its context in an AsyncLocalStorage. Work that a transaction started without awaiting it still finds the
 * transaction there after it has ended.
 */
export function isInTransaction(orm: MikroORM): boolean {
  const transaction = orm.em.getTransactionContext<Transaction<Ending>>();
  if (!transaction || hasEnded(transaction)) return false;
  const inContext = orm.em.getContext(false);
  // Another MikroORM may have the same context name. A transaction of the global entity manager belongs to no request.
  return inContext !== orm.em && inContext.getDriver() === orm.em.getDriver();
}

function hasEnded(transaction: Ending): boolean {
  return transaction.isCommitted === true || transaction.isRolledBack === true || transaction.isCompleted?.() === true;
}
