import type { RunStatement } from '../dialects/run-statement.js';
import { changeParameters } from './change-parameters.js';
import type { DatabaseContext } from './database-context.js';
import { firstLifetime } from './expiry.js';
import type { LeaseFence, NamedLease, NamedLeases } from './named-leases.js';
import type { SessionStatements } from './session-statements.js';
import type { RecordChange, StoredRecord } from './record.js';
import { toRecord } from './stored-row.js';
import { withBoundLockWait } from './transaction.js';

/** A record under its row lock. */
export interface LockedRecord {
  /** Undefined if the record is absent or expired. */
  readonly record: StoredRecord | undefined;
  /** The first of the leases that were to be held and are another's by now. */
  readonly lost: NamedLease | undefined;
}

/** Reads and writes records under row locks, inside a transaction. */
export class LockedRecords {
  readonly #context: DatabaseContext;
  readonly #statements: SessionStatements;
  readonly #leases: NamedLeases | undefined;

  constructor(context: DatabaseContext, statements: SessionStatements, leases: NamedLeases | undefined) {
    this.#context = context;
    this.#statements = statements;
    this.#leases = leases;
  }

  /**
   * Locks a record and its leases until the transaction ends.
   *
   * @param run runs statements in the transaction
   */
  async lock(run: RunStatement, storageKey: string, fence?: LeaseFence): Promise<LockedRecord> {
    // Before the record: a caller that takes a lease over waits for this commit, and then loads what it has stored.
    const lost = fence && (await this.#leases!.lockAll(run, fence.held));
    const { rows } = await run(this.#statements.loadLocked, [storageKey]);
    return { record: rows[0] && toRecord(rows[0]), lost };
  }

  /**
   * Does the same as `lock` in a transaction of the app, whose own limits for lock waits stay as they are.
   *
   * @param run runs statements in the transaction
   */
  lockForApp(run: RunStatement, storageKey: string, fence?: LeaseFence): Promise<LockedRecord> {
    const { dialect, lockTimeout } = this.#context;
    return withBoundLockWait(
      run,
      dialect,
      lockTimeout,
      async () => {
        // SQLite has no row locks. A transaction that has read already could not wait for the lock of the database.
        if (dialect.forUpdate === '') await run(this.#statements.lockDatabase);
        return this.lock(run, storageKey, fence);
      },
      true,
    );
  }

  /** Writes a record that is locked. Returns false if it has expired since. */
  async write(run: RunStatement, storageKey: string, change: RecordChange): Promise<boolean> {
    const { affected } = await run(this.#statements.updateUnderLock, [...changeParameters(change), storageKey]);
    return affected === 1;
  }

  /** Inserts a record. Returns false if the key is taken. */
  async insert(run: RunStatement, storageKey: string, change: RecordChange): Promise<boolean> {
    const { data, commitId, userId, maxAge, lifetime } = change;
    const parameters = [storageKey, data, commitId, userId, maxAge, firstLifetime(lifetime, this.#context)];
    try {
      return (await run(this.#statements.insert, parameters)).affected === 1;
    } catch (error) {
      if (this.#context.dialect.isDuplicateKey?.(error)) return false;
      throw error;
    }
  }

  /** Finishes the lease that ends with a commit, if its row is locked. */
  async finish(run: RunStatement, { finished }: LeaseFence): Promise<void> {
    if (finished) await this.#leases!.finish(run, finished);
  }

  /** Locks a record, asks for the change and writes it: see `SessionRepository.updateLocked`. */
  async update(
    run: RunStatement,
    storageKey: string,
    decide: (current: StoredRecord, lost?: NamedLease) => RecordChange | undefined,
    fence?: LeaseFence,
  ): Promise<StoredRecord | undefined> {
    const { record, lost } = await this.lock(run, storageKey, fence);
    const change = record && decide(record, lost);
    if (fence && record && !lost) await this.finish(run, fence);
    if (!change) return record;
    return (await this.write(run, storageKey, change)) ? record : undefined;
  }
}
