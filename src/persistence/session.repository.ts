import type { FailureKind } from '../dialects/failure-kind.js';

/** One row, as a request loads it. */
export interface StoredRecord {
  /** The serialized session, sealed where sessions are. */
  readonly data: string;
  /** The lock version; 0 on a table without that column. */
  readonly version: number;
  /** The id of the commit that wrote the row last. */
  readonly commitId: string | null;
  /** The cookie's original max age, in ms; null for a cookie that ends with the browser. */
  readonly maxAge: number | null;
  /** How long the record still lives, in ms, by the database's clock. */
  readonly remaining: number;
  /** How long the record can live at most, however often it is used, in ms by the database's clock; undefined for no limit. */
  readonly longest?: number | undefined;
  /** The lease that was taken last and not released; it may have ended. */
  readonly leaseId: string | null;
}

/** How long a record shall live from now. */
export interface Lifetime {
  /** From now until the expiry, in ms. */
  readonly ms: number;
  /** The expiry is rewritten only when it moves forward by more than this, in ms. */
  readonly slack: number;
  /** The handler chose this lifetime: the expiry moves, backwards too. */
  readonly explicit: boolean;
  /** For a touch, the record's max age by which this was reckoned: a record that has another by now is left as it is. Absent: any. */
  readonly maxAge?: number | null;
}

/** What a commit writes. */
export interface RecordChange {
  /** The serialized session, sealed where sessions are. */
  readonly data: string;
  /** Random, of this commit alone. */
  readonly commitId: string;
  /** Whose session it is, as the option `userId` finds it. */
  readonly userId: string | null;
  /** The cookie's original max age, in ms; null for a cookie that ends with the browser. */
  readonly maxAge: number | null;
  /** How long the record shall live from now. */
  readonly lifetime: Lifetime;
  /** `update` writes only while the record is leased under this id. */
  readonly leaseId?: string | undefined;
}

/** A record as a commit has seen it. The version alone begins at 0 again when the key is used again. */
export type KnownRecord = Pick<StoredRecord, 'version' | 'commitId'>;

/** An update of one record. */
export interface RecordUpdate {
  /** Which. */
  readonly storageKey: string;
  /** What the record must still be. */
  readonly known: KnownRecord;
  /** What is written. */
  readonly change: RecordChange;
}

/** A live session in a list. */
export interface SessionSummary {
  readonly storageKey: string;
  readonly userId: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
}

/** A record that was deleted. */
export interface DeletedRecord {
  readonly storageKey: string;
  /** Its user; undefined where the database does not tell. */
  readonly userId?: string | null;
}

/**
 * Where records are kept. Statements and no policy: merging and retrying are the service's.
 *
 * "Now" is always the database's clock. A record whose expiry has passed is absent for every method
 * but `insert`, `removeExpired`, `prune` and `clear`. Methods reject with the driver's own errors.
 */
export abstract class SessionRepository {
  /** Whether the driver blocks the process until it has its answer. */
  get isBlocking(): boolean {
    return false;
  }

  /** How many characters of data `updateMany` is given at most, unless one record alone has more. */
  get longestBatch(): number {
    return Infinity;
  }

  /** The live record, or undefined when it is absent or expired. */
  abstract load(storageKey: string): Promise<StoredRecord | undefined>;

  /** The live records of these keys, by key; one by one unless the repository has a statement for many. */
  async loadMany(storageKeys: readonly string[]): Promise<ReadonlyMap<string, StoredRecord>> {
    const records = await Promise.all(storageKeys.map(async (key) => [key, await this.load(key)] as const));
    return new Map(records.filter((entry): entry is [string, StoredRecord] => entry[1] !== undefined));
  }

  /** Writes a new record with version 0. False, and nothing written, when the key is taken, even by an expired row. */
  abstract insert(storageKey: string, change: RecordChange): Promise<boolean>;

  /**
   * Writes over the live record if it still has the version and the commit id of `known`, and the lease of the change
   * if that names one. Moves the version on by one, in the same statement. False, and nothing written, when one of
   * these is another or the record is absent.
   */
  abstract update(storageKey: string, known: KnownRecord, change: RecordChange): Promise<boolean>;

  /**
   * Does what `update` does for records of different keys, each on its own condition, in one statement or
   * transaction; none of the changes names a lease. A record that another holds locked may be passed over.
   * Left out where there is no faster way than one by one.
   *
   * @returns the keys of those that were written. When it rejects with an error that is not of an unknown
   * outcome, nothing was written
   */
  updateMany?(updates: readonly RecordUpdate[]): Promise<ReadonlySet<string>>;

  /**
   * Reads the live record under a row lock, asks `decide` for the change, writes it and releases
   * the lock, in one transaction. Returns the record that `decide` saw; undefined when it is absent, or
   * has expired by the time it is written. `decide` returning undefined, or throwing, writes nothing.
   */
  abstract updateLocked(storageKey: string, decide: (current: StoredRecord) => RecordChange | undefined): Promise<StoredRecord | undefined>;

  /** Extends the live record's expiry and nothing else, never backwards unless explicit. */
  abstract touch(storageKey: string, lifetime: Lifetime): Promise<void>;

  /**
   * Does what `touch` does for many records, with a lifetime that is not explicit. Left out where there is no
   * faster way than one by one.
   */
  touchMany?(storageKeys: readonly string[], lifetime: Lifetime): Promise<void>;

  /**
   * Leases the live record; the version stays. May be asked again under the same id. False, and nothing
   * written, while the record is leased under another id, or when it is absent.
   *
   * @param ms how long the lease lasts, by the database's clock
   */
  abstract lease(storageKey: string, leaseId: string, ms: number): Promise<boolean>;

  /** Extends a lease. False, and nothing written, when the record is no longer leased under this id: what was lost is not had again. */
  abstract extend(storageKey: string, leaseId: string, ms: number): Promise<boolean>;

  /** Ends a lease; one that is another's by now stays. */
  abstract release(storageKey: string, leaseId: string): Promise<void>;

  /** Deletes the record. Returns it; undefined when there was none. */
  abstract destroy(storageKey: string): Promise<DeletedRecord | undefined>;

  /**
   * Ends the live record if it still has the version and the commit id of `known`: from then on it is expired for good.
   * Its values are emptied. The row stays until `removeExpired` or `prune` deletes it, so that `isEndedBy` knows it.
   * False, and nothing written, when it is another's, or absent.
   *
   * @param endId takes the place of the commit id
   */
  abstract end(storageKey: string, known: KnownRecord, endId: string): Promise<boolean>;

  /** Whether `end` has ended the record under this id, and its row is still there. */
  abstract isEndedBy(storageKey: string, endId: string): Promise<boolean>;

  /** Deletes the live record if the commit of this id wrote it last. False, and nothing deleted, when it is another's, or absent. */
  abstract destroyCommitted(storageKey: string, commitId: string | null): Promise<boolean>;

  /** Deletes the record if it is expired. True when it was. */
  abstract removeExpired(storageKey: string): Promise<boolean>;

  /** Deletes at most `limit` expired records, skipping locked ones where the database can. Returns them. */
  abstract prune(limit: number): Promise<readonly DeletedRecord[]>;

  /** How many live records there are. */
  abstract count(): Promise<number>;

  /** Every live record, by storage key. */
  abstract all(): Promise<ReadonlyMap<string, StoredRecord>>;

  /** Deletes every record. */
  abstract clear(): Promise<void>;

  /** The live sessions of a user, newest first. */
  abstract list(userId: string): Promise<SessionSummary[]>;

  /**
   * Locks the live records of a user, asks `choose` which of them go, and deletes those, in one transaction. Who
   * calls it later sees what it has left.
   *
   * @param choose is given the storage keys, the newest first; may be asked again when the transaction is
   * @returns how many were deleted
   */
  abstract destroySome(userId: string, choose: (storageKeys: readonly string[]) => readonly string[]): Promise<number>;

  /** What an error means. Any but `unknown` only if it is known that nothing happened: a wrong one loses a change, or applies it twice. */
  abstract classify(error: unknown): FailureKind;
}
