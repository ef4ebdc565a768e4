import { SessionInTransactionError } from '../smart-session.errors.js';

/** Knows whether the caller is inside a transaction of the app on the connections that sessions use too. */
export class AppTransactions {
  readonly #isOpen: () => boolean;

  /** @param isOpen never true if sessions have their own connections */
  constructor(isOpen: () => boolean = () => false) {
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
}
