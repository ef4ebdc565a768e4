import type { MikroORM, Transaction } from '@mikro-orm/core';

/** What tells that a transaction has ended: of Kysely in MikroORM 7, of knex in 6.6. */
interface Ending {
  readonly isCommitted?: boolean;
  readonly isRolledBack?: boolean;
  isCompleted?(): boolean;
}

/**
 * Whether the caller runs inside a transaction of this MikroORM: of `em.transactional`, `@Transactional()`, or
 * `em.begin()` on the request's entity manager.
 *
 * MikroORM keeps its context in an AsyncLocalStorage, so work that a transaction began and did not wait for still finds
 * it when the transaction has ended.
 */
export function isInTransaction(orm: MikroORM): boolean {
  const transaction = orm.em.getTransactionContext<Transaction<Ending>>();
  if (!transaction || hasEnded(transaction)) return false;
  const inContext = orm.em.getContext(false);
  // Another MikroORM may have the same context name. The global entity manager's transaction is nobody's request.
  return inContext !== orm.em && inContext.getDriver() === orm.em.getDriver();
}

function hasEnded(transaction: Ending): boolean {
  return transaction.isCommitted === true || transaction.isRolledBack === true || transaction.isCompleted?.() === true;
}
