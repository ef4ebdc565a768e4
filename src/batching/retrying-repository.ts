import { Injectable } from '@nestjs/common';
import type { NamedLeases } from '../persistence/named-leases.js';
import type { UserRows } from '../persistence/user-rows.js';
import {
  SessionRepository,
  type DeletedRecord,
  type KnownRecord,
  type Lifetime,
  type RecordChange,
  type RecordState,
  type SessionSummary,
  type StoredRecord,
} from '../persistence/session.repository.js';
import { SessionUnavailableError, databaseError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { Backoff } from './backoff.js';
import { Deadline } from './deadline.js';

/** How often a statement is sent. */
const ATTEMPTS = 3;

/** What bounds a call. */
export interface CallLimits {
  /** The operation that an error names. Default: the method's own. */
  readonly operation?: string;
  /** How long the call may take, in ms. Default: the option `timeout`. */
  readonly timeout?: number;
  /** The deadline of the caller's own operation, in place of `timeout`: no attempt begins after it. */
  readonly deadline?: Deadline;
}

/**
 * One attempt.
 *
 * @param isUnknown whether the outcome of an earlier attempt is unknown: it may have taken effect
 */
type Attempt<Result> = (isUnknown: boolean) => Promise<Result>;

/** Stands in for a record that an attempt with a lost answer may have deleted. Its user is unknown. */
const MAYBE_DELETED: Omit<DeletedRecord, 'storageKey'> = {};

/**
 * The statements of `SessionRepository` that can be sent again without harm. Each has a deadline, and up to three
 * attempts. A method returns what its namesake returns, unless it says otherwise.
 *
 * Every method rejects with a `SessionUnavailableError` if the database failed or did not answer in time.
 */
@Injectable()
export class RetryingRepository {
  constructor(
    private readonly repository: SessionRepository,
    private readonly backoff: Backoff,
    private readonly options: SmartSessionOptions,
  ) {}

  /** Loads a live record. */
  load(storageKey: string, limits?: CallLimits): Promise<StoredRecord | undefined> {
    return this.#call('load', limits, () => this.repository.load(storageKey));
  }

  /** Loads the live records of these keys, at least one. */
  loadMany(storageKeys: readonly string[], limits?: CallLimits): Promise<ReadonlyMap<string, StoredRecord | undefined>> {
    const [first] = storageKeys;
    return storageKeys.length === 1 && first !== undefined
      ? this.#call('load', limits, async () => new Map([[first, await this.repository.load(first)]]))
      : this.#call('load', limits, () => this.repository.loadMany(storageKeys));
  }

  /** Looks at the rows of these keys. */
  statesOf(storageKeys: readonly string[], limits?: CallLimits): Promise<readonly RecordState[]> {
    return this.#call('watch', limits, () => this.repository.statesOf(storageKeys));
  }

  /** Looks at the rows of these users. */
  statesOfUsers(userIds: readonly string[], limits?: CallLimits): Promise<readonly RecordState[]> {
    return this.#call('watch', limits, () => this.repository.statesOfUsers(userIds));
  }

  /** Moves the expiry of records. */
  touchMany(storageKeys: readonly string[], lifetime: Lifetime, limits?: CallLimits): Promise<void> {
    return this.#call('touch', limits, async () => {
      if (storageKeys.length > 1 && this.repository.touchMany) return this.repository.touchMany(storageKeys, lifetime);
      await Promise.all(storageKeys.map((key) => this.repository.touch(key, lifetime)));
    });
  }

  /** Leases a record and loads it. */
  leaseAndLoad(storageKey: string, leaseId: string, ms: number, known?: KnownRecord): Promise<StoredRecord | 'as known' | undefined> {
    return this.#call('lock', undefined, async () => {
      if (this.repository.leaseAndLoad) return this.repository.leaseAndLoad(storageKey, leaseId, ms, known);
      return (await this.repository.lease(storageKey, leaseId, ms)) ? this.repository.load(storageKey) : undefined;
    });
  }

  /** Extends a lease. */
  extend(storageKey: string, leaseId: string, ms: number): Promise<boolean> {
    return this.#call('lock', undefined, () => this.repository.extend(storageKey, leaseId, ms));
  }

  /** Ends a lease. */
  release(storageKey: string, leaseId: string): Promise<void> {
    return this.#call('unlock', undefined, () => this.repository.release(storageKey, leaseId));
  }

  /**
   * Inserts a record.
   *
   * @param changeOf makes the change anew for each attempt, with a commit id of its own
   */
  insert(storageKey: string, changeOf: () => RecordChange, limits: CallLimits): Promise<boolean> {
    return this.#call('insert', limits, () => this.repository.insert(storageKey, changeOf()));
  }

  /** Whether there are leases by name. */
  get hasLeases(): boolean {
    return this.repository.leases !== undefined;
  }

  /** Works with the leases by name. */
  onLeases<Result>(work: (leases: NamedLeases) => Promise<Result>): Promise<Result> {
    return this.#call('lock', undefined, () => work(this.repository.leases!));
  }

  /** Whether there are statements for the rows of a user. */
  get hasUsers(): boolean {
    return this.repository.users !== undefined;
  }

  /**
   * Works with the rows of users.
   *
   * @param operation the operation that an error names
   * @param work may run again
   */
  onUsers<Result>(operation: string, work: (users: UserRows) => Promise<Result>, limits?: CallLimits): Promise<Result> {
    return this.#call(operation, limits, () => work(this.repository.users!));
  }

  /** Writes a record under its row lock. */
  updateLocked(
    storageKey: string,
    decide: (current: StoredRecord) => RecordChange | undefined,
    limits: CallLimits,
  ): Promise<StoredRecord | undefined> {
    return this.#call('update', limits, () => this.repository.updateLocked(storageKey, decide));
  }

  /**
   * Deletes a record. If an earlier attempt may have deleted it, returns a record without a user. A needless report
   * does less harm than a missing one.
   */
  destroy(storageKey: string, limits?: CallLimits): Promise<Omit<DeletedRecord, 'storageKey'> | undefined> {
    return this.#call(
      'destroy',
      limits,
      async (isUnknown) => (await this.repository.destroy(storageKey)) ?? (isUnknown ? this.#settled(MAYBE_DELETED) : undefined),
    );
  }

  /** Ends a record. Returns 'unknown' if it is another's or absent, but an earlier attempt may have ended it: see `isEndedBy`. */
  end(storageKey: string, known: KnownRecord, endId: string, limits?: CallLimits): Promise<boolean | 'unknown'> {
    return this.#call('destroy', limits, async (isUnknown) => {
      return (await this.repository.end(storageKey, known, endId)) || (isUnknown ? 'unknown' : false);
    });
  }

  /** Whether `end` has ended the record under this id. */
  isEndedBy(storageKey: string, endId: string, limits?: CallLimits): Promise<boolean> {
    return this.#call('destroy', limits, () => this.repository.isEndedBy(storageKey, endId));
  }

  /** Deletes a record if the commit of this id wrote it last. */
  destroyCommitted(storageKey: string, commitId: string | null, limits?: CallLimits): Promise<boolean> {
    return this.#call('destroy', limits, () => this.repository.destroyCommitted(storageKey, commitId));
  }

  /**
   * Deletes those of a user's live records that are chosen among all of them.
   *
   * @param choose is given the storage keys, the newest first
   * @returns the keys of the deleted records. After a lost answer: also those that had been chosen, and are no longer there
   */
  destroySome(
    userId: string,
    choose: (storageKeys: readonly string[]) => readonly string[],
    limits?: CallLimits,
  ): Promise<ReadonlySet<string>> {
    const chosen = new Set<string>();
    return this.#call('destroy', limits, async (isUnknown) => {
      if (!isUnknown) chosen.clear();
      await this.repository.destroySome(userId, (keys) => {
        for (const storageKey of chosen) if (keys.includes(storageKey)) chosen.delete(storageKey);
        const next = choose(keys);
        for (const storageKey of next) chosen.add(storageKey);
        return next;
      });
      return isUnknown ? this.#settled(chosen) : chosen;
    });
  }

  /** Deletes a record if it is expired. */
  removeExpired(storageKey: string, limits?: CallLimits): Promise<boolean> {
    return this.#call('destroy', limits, () => this.repository.removeExpired(storageKey));
  }

  /** Deletes expired records. If the answer to a deletion was lost, its records are not returned. */
  prune(limit: number, limits?: CallLimits): Promise<readonly DeletedRecord[]> {
    return this.#call('prune', limits, () => this.repository.prune(limit));
  }

  /** Counts the live records. */
  count(): Promise<number> {
    return this.#call('count', undefined, () => this.repository.count());
  }

  /** Loads every live record. */
  all(): Promise<ReadonlyMap<string, StoredRecord>> {
    return this.#call('load', undefined, () => this.repository.all());
  }

  /** Deletes every record. */
  clear(): Promise<void> {
    return this.#call('destroy', undefined, async (isUnknown) => {
      await this.repository.clear();
      if (isUnknown) await this.#settled(undefined);
    });
  }

  /** Lists the live sessions of a user. */
  list(userId: string, limits?: CallLimits): Promise<SessionSummary[]> {
    return this.#call('list', limits, () => this.repository.list(userId));
  }

  /** Returns a result once no failover can undo an earlier deletion, which may be what a later one has found. */
  async #settled<Result>(result: Result): Promise<Result> {
    await this.repository.settle?.();
    return result;
  }

  #call<Result>(
    name: string,
    { operation = name, timeout = this.options.timeout, deadline }: CallLimits = {},
    attempt: Attempt<Result>,
  ): Promise<Result> {
    if (deadline) return this.#retry(operation, deadline, attempt);
    const own = new Deadline(operation, timeout);
    return own.bound(this.#retry(operation, own, attempt));
  }

  async #retry<Result>(operation: string, deadline: Deadline, attempt: Attempt<Result>): Promise<Result> {
    let isUnknown = false;
    for (let n = 1; ; n++) {
      deadline.throwIfPassed();
      try {
        return await attempt(isUnknown);
      } catch (error) {
        const kind = this.repository.classify(error);
        if (n === ATTEMPTS || kind === 'failed') throw new SessionUnavailableError(operation, databaseError(error), error);
        isUnknown ||= kind === 'unknown';
      }
      await this.backoff.wait(n);
    }
  }
}
