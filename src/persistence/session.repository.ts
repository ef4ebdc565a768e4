import type { FailureKind } from '../dialects/failure-kind.js';
import type { RecordNotifications } from './record-notifications.js';
import type { LockedRecords } from './locked-records.js';
import type { Lifetime, RecordChange, RecordState, SessionSummary, StoredRecord } from './record.js';
import type { LeaseFence, NamedLease, NamedLeases } from './named-leases.js';
import type { UserRows } from './user-rows.js';

export type { Lifetime, RecordChange, RecordState, SessionSummary, StoredRecord } from './record.js';

/** A record as a commit has seen it. The version alone is not enough: it starts at 0 again if the key is used again. */
export type KnownRecord = Pick<StoredRecord, 'version' | 'commitId'>;

/** What a commit has seen in a record. Compared where another program may write without incrementing the version. */
export type SeenRecord = Pick<StoredRecord, 'data' | 'maxAge'>;

/** An update of one record. */
export interface RecordUpdate {
  /** The key of the record. */
  readonly storageKey: string;
  /** The state that the record must still have. */
  readonly known: KnownRecord;
  /** The values to write. */
  readonly change: RecordChange;
  /** If set, the record must also still hold this. See `comparesData`. */
  readonly seen?: SeenRecord | undefined;
}

/** A record that was deleted. */
export interface DeletedRecord {
  readonly storageKey: string;
  /** Its user; undefined if the database does not return it. */
  readonly userId?: string | null;
}

/**
 * The store of the records. It runs statements and decides nothing: the session service merges and retries.
 *
 * "Now" is always the time of the database's clock. An expired record is absent for every method except `insert`,
 * `removeExpired`, `prune` and `clear`. Methods reject with the driver's own errors.
 */
export abstract class SessionRepository {
  /** Whether the driver blocks the process until the database has answered. */
  get isBlocking(): boolean {
    return false;
  }

  /** The limit of the data in one `updateMany`, in characters. A single record may have more. */
  get longestBatch(): number {
    return Infinity;
  }

  /** The most records of one `updateMany`. If it is 1, each record is updated alone. */
  get mostUpdates(): number {
    return Infinity;
  }

  /** Whether `updateMany` compares what an update has `seen`. If not, a commit with pessimistic locking always locks the row. */
  get comparesData(): boolean {
    return false;
  }

  /** Returns the live record, or undefined if it is absent or expired. */
  abstract load(storageKey: string): Promise<StoredRecord | undefined>;

  /** Returns the live records of these keys, by key. Loads them one by one unless the repository has a statement for many. */
  async loadMany(storageKeys: readonly string[]): Promise<ReadonlyMap<string, StoredRecord>> {
    const records = await Promise.all(storageKeys.map(async (key) => [key, await this.load(key)] as const));
    return new Map(records.filter((entry): entry is [string, StoredRecord] => entry[1] !== undefined));
  }

  /**
   * Returns the states of the rows of these keys, also of expired ones. A key without a row is left out. Loads the live records, unless
   * the repository has a faster way.
   */
  async statesOf(storageKeys: readonly string[]): Promise<readonly RecordState[]> {
    const records = await this.loadMany(storageKeys);
    return Array.from(records, ([storageKey, { version, commitId }]) => ({ storageKey, version, commitId, userId: null, isLive: true }));
  }

  /** Returns the states of the rows of these users. Does it in the same way. */
  async statesOfUsers(userIds: readonly string[]): Promise<readonly RecordState[]> {
    const found = (await Promise.all(userIds.map((userId) => this.list(userId)))).flat();
    const userOf = new Map(found.map(({ storageKey, userId }) => [storageKey, userId]));
    const states = userOf.size === 0 ? [] : await this.statesOf([...userOf.keys()]);
    return states.map((state) => ({ ...state, userId: userOf.get(state.storageKey)! }));
  }

  /**
   * Does the same as `load` under a row lock, in one transaction. So it waits for a statement that still writes the record. On
   * PostgreSQL its commit also waits until the synchronous standby has what was loaded, and a standby refuses it.
   */
  loadLocked(storageKey: string): Promise<StoredRecord | undefined> {
    return this.updateLocked(storageKey, () => undefined);
  }

  /**
   * Waits until no failover to a synchronous standby can undo what this process has seen. Left out if the database shows nothing
   * earlier.
   */
  settle?(): Promise<void>;

  /** Inserts a record with version 0. Returns false, and writes nothing, if the key is taken, even by an expired row. */
  abstract insert(storageKey: string, change: RecordChange): Promise<boolean>;

  /**
   * Updates the live record if it still has the version and the commit id of `known`, and the lease of the change if there is
   * one. Increments the version in the same statement. Returns false, and writes nothing, if one of them differs or the record is
   * absent.
   */
  abstract update(storageKey: string, known: KnownRecord, change: RecordChange): Promise<boolean>;

  /** Does the same as `update` for a change with a lease, and releases the lease. Left out if that takes two statements. */
  updateAndRelease?(storageKey: string, known: KnownRecord, change: RecordChange): Promise<boolean>;

  /**
   * Does the same as `update` for records of different keys, in one statement. Each has its own condition, and no
   * change has a lease. Either all have `seen` something, or none has. A record that another transaction has locked may be skipped. Left out if there is no faster way than one
   * by one.
   *
   * @returns the keys of the records that were written. If it rejects with an error that is not `unknown`, nothing was written
   */
  updateMany?(updates: readonly RecordUpdate[]): Promise<ReadonlySet<string>>;

  /**
   * Reads the live record under a row lock, asks `decide` for the change and writes it, in one transaction. Returns the record
   * that `decide` saw, or undefined if the record is absent, or has expired before the write. If `decide` returns undefined or
   * throws, nothing is written.
   *
   * @param decide is told which lease of the fence is lost; undefined if all are held
   * @param fence its leases are locked in the same transaction, and `finished` is finished if all are still held. Needs `leases`
   */
  abstract updateLocked(
    storageKey: string,
    decide: (current: StoredRecord, lost?: NamedLease) => RecordChange | undefined,
    fence?: LeaseFence,
  ): Promise<StoredRecord | undefined>;

  /** Works inside transactions of the app. Left out if the records cannot take part in them: then `SessionService.transactional` is refused. */
  readonly records?: LockedRecords | undefined;

  /** The leases of sessions by name. Left out if there is no table for them: then `SessionService.once` is refused. */
  readonly leases?: NamedLeases | undefined;

  /** Tells other processes which records have ended. Left out if the database cannot do that. */
  readonly notifications?: RecordNotifications | undefined;

  /** The rows of a user, and their devices. Left out if there are none: then the option `devices`, `exportUser` and `eraseUser` are refused. */
  readonly users?: UserRows | undefined;

  /** Moves the live record's expiry and changes nothing else. It moves backwards only if the lifetime is explicit. */
  abstract touch(storageKey: string, lifetime: Lifetime): Promise<void>;

  /**
   * Does the same as `touch` for many records, with a lifetime that is not explicit. Left out if there is no faster way than one
   * by one.
   */
  touchMany?(storageKeys: readonly string[], lifetime: Lifetime): Promise<void>;

  /**
   * Leases the live record and keeps its version. It may be repeated with the same id. Returns false, and writes nothing, if the
   * record is absent or leased under another id.
   *
   * @param ms the duration of the lease, by the database's clock
   */
  abstract lease(storageKey: string, leaseId: string, ms: number): Promise<boolean>;

  /**
   * Does the same as `lease`, and loads the record. Left out if there is no faster way than one after the other.
   *
   * @param known the record as the caller knows it; undefined to load it in any case
   * @returns the record, or 'as known' if it is still as known. Undefined where `lease` returns false
   */
  leaseAndLoad?(
    storageKey: string,
    leaseId: string,
    ms: number,
    known: KnownRecord | undefined,
  ): Promise<StoredRecord | 'as known' | undefined>;

  /**
   * Extends a lease. Returns false, and writes nothing, if the record is no longer leased under this id. A lost lease cannot be
   * regained.
   */
  abstract extend(storageKey: string, leaseId: string, ms: number): Promise<boolean>;

  /** Releases a lease. A lease under another id stays. */
  abstract release(storageKey: string, leaseId: string): Promise<void>;

  /** Deletes the record and returns it. Returns undefined if there was none. */
  abstract destroy(storageKey: string): Promise<DeletedRecord | undefined>;

  /**
   * Ends the live record if it still has the version and the commit id of `known`: the record expires for good and its values are
   * emptied. The row stays until `removeExpired` or `prune` deletes it, so that `isEndedBy` finds it. Returns false, and writes
   * nothing, if the record is absent or has changed.
   *
   * @param endId replaces the commit id
   */
  abstract end(storageKey: string, known: KnownRecord, endId: string): Promise<boolean>;

  /** Whether `end` has ended the record under this id and the row still exists. */
  abstract isEndedBy(storageKey: string, endId: string): Promise<boolean>;

  /**
   * Deletes the live record if this commit was the last to write it. Returns false, and deletes nothing, if the record is absent
   * or another commit has written it.
   */
  abstract destroyCommitted(storageKey: string, commitId: string | null): Promise<boolean>;

  /** Deletes the record if it is expired. Returns whether it was. */
  abstract removeExpired(storageKey: string): Promise<boolean>;

  /** Deletes at most `limit` expired records and returns them. Skips locked ones if the database can. */
  abstract prune(limit: number): Promise<readonly DeletedRecord[]>;

  /** Returns the number of live records. */
  abstract count(): Promise<number>;

  /** Returns every live record, by storage key. */
  abstract all(): Promise<ReadonlyMap<string, StoredRecord>>;

  /** Deletes every record. */
  abstract clear(): Promise<void>;

  /** Returns the live sessions of a user, newest first. */
  abstract list(userId: string): Promise<SessionSummary[]>;

  /**
   * Locks the live records of a user, asks `choose` which of them to delete, and deletes those, in one transaction. A later call
   * sees what is left.
   *
   * @param choose gets the storage keys, newest first; may be called again if the transaction is retried
   * @returns the number of deleted records
   */
  abstract destroySome(userId: string, choose: (storageKeys: readonly string[]) => readonly string[]): Promise<number>;

  /**
   * Returns what an error means. Return a kind other than `unknown` only if it is certain that nothing happened: a wrong kind
   * loses a change or applies it twice.
   */
  abstract classify(error: unknown): FailureKind;
}
