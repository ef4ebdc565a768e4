import type { RunStatement } from '../../src/dialects/run-statement.js';
import type { LockedRecord, LockedRecords } from '../../src/persistence/locked-records.js';
import type { LeaseFence, NamedLease } from '../../src/persistence/named-leases.js';
import type { RecordChange, StoredRecord } from '../../src/persistence/record.js';
import type { Row, SimulatedDatabase } from './simulated-database.js';
import { unused, type SimulatedLeases } from './simulated-leases.js';
import type { SimulatedTransaction, TransactionStatement } from './simulated-transactions.js';

/** The parts of a simulated repository that the statements of transactions need. */
export interface RowAccess {
  liveRow(key: string): Row | undefined;
  recordOf(row: Row): StoredRecord;
  updated(row: Row, change: RecordChange): Row;
  put(key: string, row: Row): void;
}

/** `LockedRecords` on a simulated database. */
export class SimulatedRecords implements Pick<LockedRecords, keyof LockedRecords> {
  constructor(
    protected readonly database: SimulatedDatabase,
    protected readonly leases: SimulatedLeases,
    protected readonly rows: RowAccess,
  ) {}

  async lock(run: RunStatement, key: string, fence?: LeaseFence): Promise<LockedRecord> {
    for (const lease of fence?.held ?? []) {
      if (!(await this.#query<boolean>(run, 'lock the lease', this.#lockingLease(lease)))) return { record: undefined, lost: lease };
    }
    return { record: await this.#query(run, 'lock', this.lockingRow(key)), lost: undefined };
  }

  lockForApp(...parameters: Parameters<SimulatedRecords['lock']>): Promise<LockedRecord> {
    return this.lock(...parameters);
  }

  write(run: RunStatement, key: string, change: RecordChange): Promise<boolean> {
    return this.#query(run, 'write', { run: (transaction) => this.written(transaction, key, change) });
  }

  insert = unused;
  finish = unused;
  update = unused;

  /** Locks a row, and reads it as the transaction sees it. */
  protected lockingRow(key: string): TransactionStatement {
    const { locks } = this.database;
    return {
      isFree: (transaction) => !locks.has(key) || transaction.locked.has(key),
      run: (transaction) => {
        if (!transaction.locked.has(key)) transaction.atEnd(() => locks.delete(key));
        transaction.locked.add(key);
        locks.set(key, 'a transaction');
        const row = this.#rowIn(transaction, key);
        return row && this.rows.recordOf(row);
      },
    };
  }

  /** Writes a row when the transaction commits. Returns false if there is none. */
  protected written(transaction: SimulatedTransaction, key: string, change: RecordChange): boolean {
    const row = this.#rowIn(transaction, key);
    if (!row) return false;
    const { uncommitted } = this.database;
    const next = this.rows.updated(row, change);
    transaction.rows.set(key, next);
    uncommitted.add(key);
    transaction.atEnd(() => uncommitted.delete(key));
    transaction.atCommit(() => this.rows.put(key, next));
    return true;
  }

  #lockingLease(lease: NamedLease): TransactionStatement {
    return {
      isFree: () => this.leases.isFree(lease),
      run: (transaction) => {
        const isHeld = this.leases.tryLock(lease);
        if (isHeld) transaction.atEnd(() => this.leases.unlock([lease]));
        return isHeld;
      },
    };
  }

  #rowIn(transaction: SimulatedTransaction, key: string): Row | undefined {
    return transaction.rows.get(key) ?? this.rows.liveRow(key);
  }

  async #query<Result>(run: RunStatement, name: string, statement: TransactionStatement): Promise<Result> {
    return (await run(name, [statement])).rows[0]!.found as Result;
  }
}
