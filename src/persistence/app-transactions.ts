import type { EntityManager, IsolationLevel } from '@mikro-orm/core';
import { SessionInTransactionError, SmartSessionConfigError } from '../smart-session.errors.js';
import type { AppTransaction } from './app-transaction.js';
import type { OrmTransactions } from './mikro-orm/orm-transactions.js';

/** The transactions of the app on the connections that sessions use too. */
export class AppTransactions {
  readonly #orm: OrmTransactions | undefined;
  readonly #isOpen: () => boolean;

  /**
   * @param orm undefined if sessions have their own connections
   * @param isOpen whether the caller is inside a transaction
   */
  constructor(orm?: OrmTransactions, isOpen = () => orm?.isOpen ?? false) {
    this.#orm = orm;
    this.#isOpen = isOpen;
  }

  /** Whether the caller is inside such a transaction. */
  get isOpen(): boolean {
    return this.#isOpen();
  }

  /**
   * Refuses an operation that needs a second connection while the caller holds one. SQLite has only one connection. In an
   * exhausted pool, all callers would wait for each other.
   *
   * @param operation the operation, for the error
   * @throws SessionInTransactionError
   */
  refuse(operation: string): void {
    if (this.#isOpen()) throw new SessionInTransactionError(operation);
  }

  /**
   * Finds the transaction that an operation takes part in.
   *
   * @param em its transaction. Default: the one that the caller is inside
   * @returns undefined if the caller is inside none
   * @throws SessionInTransactionError if the operation cannot take part in it
   * @throws SmartSessionConfigError for an `em` that cannot be used
   */
  find(operation: string, em?: EntityManager): AppTransaction | undefined {
    if (!em && !this.#isOpen()) return undefined;
    const found = this.#ormOf('em', em).find(em);
    if (!found && em)
      throw new SmartSessionConfigError('em', 'its transaction is not open', 'Give the `em` that `em.transactional()` passes on.');
    if (!found || found === 'unknown') throw new SessionInTransactionError(operation, SAVEPOINT);
    return found;
  }

  /** @throws SmartSessionConfigError if the sessions have not the connections of the app's MikroORM */
  requireShared(caller: string): void {
    this.#ormOf(caller);
  }

  /** Runs work in a new transaction. */
  begin<Result>(
    work: (em: EntityManager, transaction: AppTransaction) => Promise<Result>,
    isolationLevel: IsolationLevel | undefined,
  ): Promise<Result> {
    return this.#ormOf('transactional').begin(work, isolationLevel);
  }

  #ormOf(given: string, em?: EntityManager): OrmTransactions {
    if (!this.#orm)
      throw new SmartSessionConfigError(
        given,
        "the sessions have not the connections of the app's MikroORM, so that no transaction can hold both",
        'Leave out `connection` and `client`, and import MikroOrmModule for the database of the sessions.',
      );
    if (em && !this.#orm.isOwn(em))
      throw new SmartSessionConfigError(given, "it belongs to another MikroORM than the sessions'", 'Give an `em` of the same MikroORM.');
    return this.#orm;
  }
}

const SAVEPOINT =
  'the call is inside a nested transaction (a savepoint). Whether that is undone later is not told. ' +
  'Nothing was written. Call it in the outermost transaction, or before or after it.';
