import { randomUUID } from 'node:crypto';
import { HttpException, Injectable, Logger } from '@nestjs/common';
import { joinValues, splitValues } from '../codec/session.codec.js';
import type { EncodedValues } from '../merge/delta.js';
import { SessionRepository, type RecordChange, type SessionRecord } from '../persistence/session.repository.js';
import { SessionConflictError, SessionTooLargeError, SessionUnavailableError, abbreviate } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../smart-session.options.js';
import { backOff } from './deadline.js';
import { lifetimeOf } from './lifetime.js';
import { userIdOf } from './user-id.js';

/** A record whose data was read. */
export interface StoredValues {
  readonly values: EncodedValues;
  readonly data: string;
  readonly version: number;
  readonly commitId: string | null;
  readonly maxAge: number | null;
}

/** What a commit does to the record: a function of the current values, for it may run again on newer ones. */
export interface Edit {
  /** The values that shall stand, given those that stand now; empty for a new record. */
  apply(current: EncodedValues): EncodedValues;
  /** The cookie's max age in ms, null to end with the browser; absent to leave the record's. */
  readonly maxAge?: number | null;
}

/** What became of a commit. */
export type CommitOutcome = { readonly kind: 'committed'; readonly record: StoredValues } | { readonly kind: 'gone' };

const GONE: CommitOutcome = { kind: 'gone' };
const EMPTY: EncodedValues = new Map();

/** Attempts by version before the commit takes the row's lock, so that nobody starves. */
const OPTIMISTIC_ATTEMPTS = 3;

/** The protocol of a commit: write, and on a conflict look again, merge and write again, within bounds. */
@Injectable()
export class SessionCommitter {
  readonly #logger = new Logger('SmartSession');

  constructor(
    private readonly repository: SessionRepository,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Applies an edit to the current record.
   *
   * @param base the record as the caller knows it; undefined to insert
   * @param signal once aborted, nothing more is written
   * @throws SessionConflictError when `maxAttempts` attempts were in vain
   * @throws SessionUnavailableError when the database failed, or the outcome stayed unknown
   * @throws SessionTooLargeError when the result is over `maxBytes`
   */
  async commit(storageKey: string, base: StoredValues | undefined, edit: Edit, signal: AbortSignal): Promise<CommitOutcome> {
    const commitId = randomUUID();
    let known = base;
    let failure: unknown;
    let isInDoubt = false;
    for (let attempt = 1; attempt <= this.options.maxAttempts; attempt++) {
      if (attempt > 1) {
        await backOff(attempt - 1);
        const record = await this.#lookAgain(storageKey, isInDoubt);
        if (record === 'unanswered') continue;
        if (record && record.commitId === commitId) return this.#committed(storageKey, record);
        if (isInDoubt && hasMoved(known, record)) throw outcomeUnknown(failure);
        isInDoubt = false;
        if (known && !record) return GONE;
        known = record && this.#read(storageKey, record);
        if (record && !known) return GONE;
      }
      signal.throwIfAborted();
      try {
        const outcome = await this.#write(storageKey, known, guarded(edit, signal), commitId, attempt);
        if (outcome) return outcome;
      } catch (error) {
        failure = error;
        isInDoubt = this.#classify('commit', error) === 'unknown';
      }
    }
    if (isInDoubt) throw outcomeUnknown(failure);
    throw new SessionConflictError(storageKey, this.options.maxAttempts, failure);
  }

  /** Undefined when somebody else was faster. */
  async #write(
    storageKey: string,
    known: StoredValues | undefined,
    edit: Edit,
    commitId: string,
    attempt: number,
  ): Promise<CommitOutcome | undefined> {
    if (!known) return this.#insert(storageKey, edit, commitId);
    if (this.options.locking === 'pessimistic' || attempt > OPTIMISTIC_ATTEMPTS) return this.#updateLocked(storageKey, edit, commitId);
    const next = this.#next(known, edit, commitId);
    if (!next.change) return { kind: 'committed', record: known };
    return (await this.repository.update(storageKey, known.version, next.change)) ? next : undefined;
  }

  async #insert(storageKey: string, edit: Edit, commitId: string): Promise<CommitOutcome | undefined> {
    const next = this.#next(undefined, edit, commitId);
    if (await this.repository.insert(storageKey, next.change)) return next;
    // What stands in the way may be an expired row that nobody can load.
    await this.repository.removeExpired(storageKey);
    return undefined;
  }

  async #updateLocked(storageKey: string, edit: Edit, commitId: string): Promise<CommitOutcome> {
    let outcome = GONE;
    await this.repository.updateLocked(storageKey, (record) => {
      const current = this.#read(storageKey, record);
      if (!current) return undefined;
      const next = this.#next(current, edit, commitId);
      outcome = next.change ? next : { kind: 'committed', record: current };
      return next.change;
    });
    return outcome;
  }

  /** The record after the edit, and the change that makes it so; no change when it is so already. */
  #next(current: undefined, edit: Edit, commitId: string): { kind: 'committed'; record: StoredValues; change: RecordChange };
  #next(current: StoredValues, edit: Edit, commitId: string): { kind: 'committed'; record: StoredValues; change: RecordChange | undefined };
  #next(current: StoredValues | undefined, edit: Edit, commitId: string) {
    const values = edit.apply(current?.values ?? EMPTY);
    const data = joinValues(values);
    const bytes = Buffer.byteLength(data);
    if (bytes > this.options.maxBytes) throw new SessionTooLargeError(bytes, this.options.maxBytes);
    const maxAge = edit.maxAge === undefined ? (current?.maxAge ?? null) : edit.maxAge;
    const isSame = current && data === current.data && edit.maxAge === undefined;
    const lifetime = lifetimeOf(maxAge, this.options, edit.maxAge !== undefined);
    const record: StoredValues = { values, data, version: current ? current.version + 1 : 0, commitId, maxAge };
    return { kind: 'committed', record, change: isSame ? undefined : { data, commitId, userId: userIdOf(values, this.options), maxAge, lifetime } };
  }

  async #lookAgain(storageKey: string, isInDoubt: boolean): Promise<SessionRecord | undefined | 'unanswered'> {
    try {
      return await this.repository.load(storageKey);
    } catch (error) {
      this.#classify(isInDoubt ? 'settle an unknown commit of' : 'commit', error);
      return 'unanswered';
    }
  }

  /** @throws the error itself when it is no matter of the database, and SessionUnavailableError when trying again will not help */
  #classify(operation: string, error: unknown): 'rolled-back' | 'unknown' {
    if (error instanceof HttpException) throw error;
    const kind = this.repository.classify(error);
    if (kind === 'failed') throw new SessionUnavailableError(operation, 'the database reported an error.', error);
    return kind;
  }

  #committed(storageKey: string, record: SessionRecord): CommitOutcome {
    const read = this.#read(storageKey, record);
    return read ? { kind: 'committed', record: read } : GONE;
  }

  #read(storageKey: string, record: SessionRecord): StoredValues | undefined {
    const values = readValues(this.#logger, storageKey, record.data);
    return values && { values, data: record.data, version: record.version, commitId: record.commitId, maxAge: record.maxAge };
  }
}

/** The values of a record; undefined, with a line in the log, when its data cannot be read. */
export function readValues(logger: Logger, storageKey: string, data: string): EncodedValues | undefined {
  try {
    return splitValues(data);
  } catch (error) {
    logger.error(`Record ${abbreviate(storageKey)} cannot be read and is taken for no session: ${String(error)}`);
    return undefined;
  }
}

/** The edit, refusing once the signal is aborted: a row lock may come late. */
function guarded(edit: Edit, signal: AbortSignal): Edit {
  const apply = (current: EncodedValues) => {
    signal.throwIfAborted();
    return edit.apply(current);
  };
  return { ...edit, apply };
}

/** Whether somebody has written since; an insert counts as unmoved while nobody has updated what it met. */
function hasMoved(known: StoredValues | undefined, record: SessionRecord | undefined): boolean {
  if (!record) return false;
  if (!known) return record.version > 0;
  return record.version !== known.version || record.commitId !== known.commitId;
}

function outcomeUnknown(cause: unknown): SessionUnavailableError {
  return new SessionUnavailableError('commit', 'the connection was lost, and whether the commit took effect is unknown.', cause);
}
