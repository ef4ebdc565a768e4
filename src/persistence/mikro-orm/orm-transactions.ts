import type { EntityManager, EventSubscriber, IsolationLevel, MikroORM, Transaction, TransactionEventArgs } from '@mikro-orm/core';
import { AppTransaction } from '../app-transaction.js';
import type { ConnectionDialect } from '../sql-connection.js';
import { statementsIn } from './versions.js';

/** A transaction that knows whether it has ended: Kysely's in MikroORM 7, knex's in MikroORM 6.6. */
interface Ending {
  readonly isCommitted?: boolean;
  readonly isRolledBack?: boolean;
  isCompleted?(): boolean;
}

/**
 * The transactions of the app's MikroORM. MikroORM tells an event subscriber when a transaction begins and ends. It tells nothing, or
 * the same, of savepoints, so only outermost transactions are known.
 */
export class OrmTransactions implements EventSubscriber {
  readonly #orm: MikroORM;
  readonly #dialect: ConnectionDialect;
  readonly #open = new WeakMap<object, AppTransaction>();

  constructor(orm: MikroORM, dialect: ConnectionDialect) {
    this.#orm = orm;
    this.#dialect = dialect;
    orm.em.getEventManager().registerSubscriber(this);
  }

  /**
   * Whether the caller runs inside a transaction of this MikroORM: `em.transactional`, `@Transactional()`, or `em.begin()` on the
   * request's entity manager.
   *
   * MikroORM keeps its context in an AsyncLocalStorage. Work that a transaction started without awaiting it still finds the
   * transaction there after it has ended.
   */
  get isOpen(): boolean {
    if (!isOpen(this.#orm.em.getTransactionContext())) return false;
    const inContext = this.#orm.em.getContext(false);
    // Another MikroORM may have the same context name. A transaction of the global entity manager belongs to no request.
    return inContext !== this.#orm.em && this.isOwn(inContext);
  }

  /** Whether an entity manager is of this MikroORM. */
  isOwn(em: EntityManager): boolean {
    return em.getDriver() === this.#orm.em.getDriver();
  }

  /**
   * Finds the open transaction of an entity manager.
   *
   * @param em default: that of the caller's context
   * @returns 'unknown' for a savepoint, or a transaction whose events are not told; undefined if none is open
   */
  find(em: EntityManager = this.#orm.em): AppTransaction | 'unknown' | undefined {
    const transaction = em.getTransactionContext<object>();
    return isOpen(transaction) ? (this.#open.get(transaction) ?? 'unknown') : undefined;
  }

  /** Runs work in a transaction of an entity manager of its own. */
  begin<Result>(
    work: (em: EntityManager, transaction: AppTransaction) => Promise<Result>,
    isolationLevel: IsolationLevel | undefined,
  ): Promise<Result> {
    // The entity manager's own method does nothing if the app disables transactions.
    const fork = this.#orm.em.fork({ disableTransactions: false });
    return fork.transactional(
      (em) => {
        const transaction = em.getTransactionContext<object>()!;
        return work(em, this.#open.get(transaction) ?? this.#opened(transaction));
      },
      isolationLevel === undefined ? {} : { isolationLevel },
    );
  }

  /** @internal MikroORM calls it, as the next ones. */
  afterTransactionStart({ transaction }: TransactionEventArgs): void {
    if (transaction && !isSavepoint(transaction)) this.#opened(transaction);
  }

  async beforeTransactionCommit({ transaction }: TransactionEventArgs): Promise<void> {
    await this.#of(transaction)?.commits();
  }

  async afterTransactionCommit({ transaction }: TransactionEventArgs): Promise<void> {
    await this.#of(transaction)?.committed();
  }

  async beforeTransactionRollback({ transaction }: TransactionEventArgs): Promise<void> {
    await this.#of(transaction)?.rollsBack();
  }

  #of(transaction: object | undefined): AppTransaction | undefined {
    return transaction && this.#open.get(transaction);
  }

  #opened(transaction: object): AppTransaction {
    const opened = new AppTransaction(statementsIn(transaction, this.#dialect));
    this.#open.set(transaction, opened);
    return opened;
  }
}

function isOpen(transaction: Transaction<Ending> | undefined): transaction is Transaction<Ending> {
  if (!transaction) return false;
  return !(transaction.isCommitted === true || transaction.isRolledBack === true || transaction.isCompleted?.() === true);
}

function isSavepoint(transaction: object): boolean {
  return 'savepointName' in transaction;
}
