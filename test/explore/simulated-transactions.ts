import type { EntityManager } from '@mikro-orm/core';
import type { StatementResult } from '../../src/dialects/run-statement.js';
import { AppTransaction } from '../../src/persistence/app-transaction.js';
import type { AppTransactions } from '../../src/persistence/app-transactions.js';
import type { Scheduler } from './scheduler.js';
import { LostAppConnection, LostConnection, RolledBack, type Row, type SimulatedDatabase } from './simulated-database.js';
import { SimulatedFaults } from './simulated-faults.js';

/** A statement inside a transaction. */
export interface TransactionStatement {
  /** Whether it could run now. */
  isFree?(transaction: SimulatedTransaction): boolean;
  /** Runs it; returns the row of the answer. */
  run(transaction: SimulatedTransaction): unknown;
}

/** A transaction of the app on a simulated database. Its writes land with its COMMIT. */
export class SimulatedTransaction {
  readonly app = new AppTransaction((name, parameters = []) => this.#run(name, parameters[0] as TransactionStatement | undefined));
  /** The rows as the transaction sees them, if it has written them. */
  readonly rows = new Map<string, Row>();
  /** The keys of the rows that it has locked. */
  readonly locked = new Set<string>();
  readonly #effects: (() => void)[] = [];
  readonly #unlocks: (() => void)[] = [];
  readonly #faults: SimulatedFaults;
  #state: 'open' | 'committing' | 'over' = 'open';

  constructor(
    private readonly database: SimulatedDatabase,
    private readonly scheduler: Scheduler,
  ) {
    this.#faults = new SimulatedFaults(database, scheduler);
  }

  /** Has this done when the transaction commits. */
  atCommit(effect: () => void): void {
    this.#effects.push(effect);
  }

  /** Has this done when the transaction ends. */
  atEnd(unlock: () => void): void {
    this.#unlocks.push(unlock);
  }

  /** Inserts a row of the app. */
  async insertOrder(total: number): Promise<void> {
    const { scheduler, database } = this;
    const insert = () => this.atCommit(() => database.orders.push({ at: scheduler.now, actor: scheduler.actor, total }));
    const errors = [() => new LostAppConnection(new Error('The connection was lost.')), () => new RolledBack(new Error('A deadlock.'))];
    await scheduler.step('insert an order', () => this.#faults.inTransaction(insert, () => this.#end(), errors));
  }

  /** Commits. The answer may be lost. */
  async commit(): Promise<void> {
    await this.app.commits();
    this.#state = 'committing';
    const land = () => {
      for (const effect of this.#effects) effect();
      this.#end();
    };
    const outcomes = () =>
      this.#faults.ofWrite(
        land,
        () => true,
        () => this.#end(),
      );
    await this.scheduler.step('commit', outcomes);
    await this.app.committed();
  }

  /** Rolls back, unless the transaction is over, or its COMMIT may still land. */
  async rollBack(): Promise<void> {
    if (this.#state === 'open') this.#end();
    await this.app.rollsBack();
  }

  async #run(name: string, statement: TransactionStatement | undefined): Promise<StatementResult> {
    // A savepoint.
    if (!statement) return { rows: [], affected: 0 };
    const run = () => ({ rows: [{ found: statement.run(this) }], affected: 1 });
    const outcomes = () => this.#faults.inTransaction(run, () => this.#end(), [() => new LostConnection()]);
    return this.scheduler.step(name, outcomes, () => statement.isFree?.(this) ?? true);
  }

  #end(): void {
    this.#state = 'over';
    for (const unlock of this.#unlocks.splice(0)) unlock();
  }
}

/** The stand-in for MikroORM's entity manager in the work of a transaction. */
export interface SimulatedEntityManager {
  readonly transaction: SimulatedTransaction;
  flush(): Promise<void>;
}

/** `AppTransactions` on a simulated database. */
export class SimulatedTransactions implements Pick<AppTransactions, keyof AppTransactions> {
  readonly isOpen = false;

  constructor(
    private readonly database: SimulatedDatabase,
    private readonly scheduler: Scheduler,
  ) {}

  refuse(): void {}

  requireShared(): void {}

  find(_operation: string, em?: EntityManager): AppTransaction | undefined {
    return (em as SimulatedEntityManager | undefined)?.transaction.app;
  }

  begin<Result>(work: (em: EntityManager, transaction: AppTransaction) => Promise<Result>): Promise<Result> {
    return this.transactional((em) => work(em as unknown as EntityManager, em.transaction.app));
  }

  /** Runs work in a transaction of the app. */
  async transactional<Result>(work: (em: SimulatedEntityManager) => Promise<Result>): Promise<Result> {
    const transaction = new SimulatedTransaction(this.database, this.scheduler);
    try {
      const result = await work({ transaction, flush: async () => {} });
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction.rollBack();
      throw error;
    }
  }
}
