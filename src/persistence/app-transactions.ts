import { SessionInTransactionError } from '../smart-session.errors.js';

/** Knows whether the caller is inside a transaction of the app, on the connections that the sessions use too. */
export class AppTransactions {
  readonly #isOpen: () => boolean;

  /** @param isOpen never, where the sessions have connections of their own */
  constructor(isOpen: () => boolean = () => false) {
    this.#isOpen = isOpen;
  }

  /** Whether the caller is inside of one. */
  get isOpen(): boolean {
    return this.#isOpen();
  }

  /**
   * Refuses what would need a second connection while the caller holds one: SQLite has only one, and in a pool that all
   * callers have emptied each waits for another.
   *
   * @param operation what is asked, for the error
   * @throws SessionInTransactionError
   */
  refuse(operation: string): void {
    if (this.#isOpen()) throw new SessionInTransactionError(operation);
  }
}
