import { Injectable } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import { computeDelta, isEmptyDelta } from '../merge/delta.js';
import { isEmptyValues, type EncodedValues } from '../merge/encoded-values.js';
import { SessionRepository, type Lifetime, type RecordChange, type StoredRecord } from '../persistence/session.repository.js';
import {
  SessionConflictError,
  SessionLockLostError,
  SessionTooLargeError,
  SessionUnavailableError,
  databaseError,
} from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { Backoff } from '../batching/backoff.js';
import type { Deadline } from '../batching/deadline.js';
import { exactLifetime, lifetimeOf } from '../records/lifetime.js';
import { RecordReader } from '../records/record-reader.js';
import { commitIdAfter, isOtherGeneration } from '../records/commit-id.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SessionRecord } from '../records/session-record.js';
import type { CommitOutcome, Edit } from './edit.js';
import { UpdateBatcher } from '../batching/update-batcher.js';
import { longestUnused, userIdIfKnown, userIdOf } from '../records/user-id.js';

const GONE: CommitOutcome = { kind: 'gone' };
const UNSTORED: CommitOutcome = { kind: 'unstored' };
const EMPTY: EncodedValues = new Map();

/** Attempts by version before the commit takes the row's lock, so that nobody starves. */
const OPTIMISTIC_ATTEMPTS = 3;

/** A commit under way: its edit, and the id by which it recognizes itself in the record. */
interface PendingCommit extends Edit {
  readonly storageKey: string;
  /** Of the record that is known, so it changes with that: never while an attempt's outcome is unknown. */
  commitId: string;
  /** Once it has passed, nothing more is written. */
  readonly deadline: Deadline;
  /** The record as the last attempt saw it, or as the first one did whose outcome is unknown; undefined where there was none. */
  known: SessionRecord | undefined;
  /** Whether the last attempt came so far as to write. */
  mayHaveWritten: boolean;
  /** Whether others could have destroyed what a first save has stored: those who know its id, or find it by its user. */
  isFindable: boolean;
  /** The error of an attempt whose outcome is unknown: it may have landed, and may still do so. Undefined if there is none. */
  doubt: unknown;
  /** The last error that no other writer was the reason for; undefined if there was none. */
  trouble: unknown;
}

/** The record after a commit, and the change that makes it so; no change when it is so already. */
interface Next {
  readonly kind: 'committed';
  readonly record: SessionRecord;
  readonly change: RecordChange | undefined;
}

/** The protocol of a commit: write, and on a conflict look again, merge and write again, within bounds. */
@Injectable()
export class SessionCommitter {
  constructor(
    private readonly repository: SessionRepository,
    private readonly updates: UpdateBatcher,
    private readonly reader: RecordReader,
    private readonly codec: SessionCodec,
    private readonly backoff: Backoff,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Applies an edit to the current record.
   *
   * @param base the record as the caller knows it; undefined to insert
   * @param deadline once it has passed, nothing more is written
   * @throws SessionConflictError when `maxAttempts` attempts were in vain
   * @throws SessionUnavailableError when the database failed, or the outcome stayed unknown
   * @throws SessionTooLargeError when the result is over `maxBytes`
   * @throws SessionLockLostError when the edit's lease was lost
   * @throws SessionDecryptionError when the record cannot be opened
   * @throws what the edit throws; then nothing was written
   */
  async commit(storageKey: string, base: SessionRecord | undefined, edit: Edit, deadline: Deadline): Promise<CommitOutcome> {
    const commit: PendingCommit = {
      ...edit,
      apply: guarded(onceForEach(edit.apply), deadline),
      storageKey,
      commitId: commitIdAfter(base?.commitId),
      deadline,
      known: base,
      mayHaveWritten: false,
      isFindable: false,
      doubt: undefined,
      trouble: undefined,
    };
    let failure: unknown;
    for (let attempt = 1; attempt <= this.options.maxAttempts; attempt++) {
      if (attempt > 1) {
        this.observers.operations?.retried();
        await this.backoff.wait(attempt - 1);
        const record = await this.#lookAgain(commit);
        if (record === 'unanswered') continue;
        if (record?.commitId === commit.commitId) return this.#committed(commit, record);
        if (commit.known && hasEnded(commit.known, record)) return GONE;
        refuseInDoubt(commit, record);
        if (record) refuseLostLease(commit, record.leaseId);
        // In doubt the record is as it was: the same change goes out again, and a copy of it that lands late wins or loses whole.
        if (!commit.doubt) know(commit, record && this.reader.read(storageKey, record));
        if (record && !commit.known) return GONE;
      }
      deadline.throwIfPassed();
      failure = undefined;
      try {
        const outcome = await this.#write(commit, attempt);
        if (outcome) return outcome;
        this.observers.operations?.conflicted();
      } catch (error) {
        failure = error;
        if (this.#isUnknown(commit, error) && commit.mayHaveWritten) commit.doubt ??= error;
      }
    }
    return this.#conclude(commit, failure);
  }

  /** No attempt is left: was it the last one that landed? */
  async #conclude(commit: PendingCommit, failure: unknown): Promise<CommitOutcome> {
    const record = commit.doubt ? await this.#lookAgain(commit) : undefined;
    if (typeof record === 'object' && record.commitId === commit.commitId) return this.#committed(commit, record);
    if (commit.doubt) throw outcomeUnknown(commit.doubt);
    if (commit.trouble) throw inVain(this.options.maxAttempts, commit.trouble);
    throw new SessionConflictError(commit.storageKey, this.options.maxAttempts, failure);
  }

  /** Undefined when somebody else was faster. */
  async #write(commit: PendingCommit, attempt: number): Promise<CommitOutcome | undefined> {
    const { known } = commit;
    const isLocked = known && (this.options.locking === 'pessimistic' || attempt > OPTIMISTIC_ATTEMPTS);
    commit.mayHaveWritten = !known;
    if (!known) return this.#insert(commit);
    if (isLocked) return this.#updateLocked(commit);
    const next = await this.#nextOn(commit, known);
    if (!next?.change) return next;
    commit.mayHaveWritten = true;
    const { storageKey, deadline } = commit;
    return (await this.updates.submit(storageKey, { storageKey, known, change: next.change, deadline })) ? next : undefined;
  }

  /** What comes of the record as it is known; undefined when that decided by something which is out of date. */
  async #nextOn(commit: PendingCommit, known: SessionRecord): Promise<Next | undefined> {
    let next: Next | Refusal;
    try {
      next = this.#next(commit, known);
    } catch (error) {
      next = error as Refusal;
    }
    const isWritten = !(next instanceof Refusal) && next.change !== undefined;
    // The version check of what is written says whether the record was current.
    if (!isWritten && commit.mustSeeCurrent && !(await this.#isCurrent(commit, known))) return undefined;
    if (next instanceof Refusal) throw next;
    return next;
  }

  async #isCurrent(commit: PendingCommit, known: SessionRecord): Promise<boolean> {
    const record = await this.repository.load(commit.storageKey);
    if (record) this.#refusing(() => refuseLostLease(commit, record.leaseId));
    return isAsKnown(known, record);
  }

  async #insert(commit: PendingCommit): Promise<CommitOutcome | undefined> {
    const { record, change } = this.#next(commit, undefined);
    if (!change || (commit.mustSeeCurrent && isEmptyValues(record.values))) return UNSTORED;
    commit.isFindable = change.userId !== null || Boolean(commit.isIdKnown);
    if (await this.repository.insert(commit.storageKey, change)) {
      this.#tellCreated(commit, change.userId);
      return { kind: 'committed', record };
    }
    commit.mayHaveWritten = false;
    // What stands in the way may be an expired row that nobody can load.
    if (await this.repository.removeExpired(commit.storageKey)) this.observers.lifecycle?.expired({ storageKey: commit.storageKey });
    return undefined;
  }

  async #updateLocked(commit: PendingCommit): Promise<CommitOutcome> {
    let outcome = GONE;
    const written = await this.repository.updateLocked(commit.storageKey, (record) => {
      if (commit.known && hasEnded(commit.known, record)) return undefined;
      const current = this.#refusing(() => this.reader.read(commit.storageKey, record));
      if (!current) return undefined;
      // An earlier attempt, its connection lost, has landed late.
      const isDone = record.commitId === commit.commitId;
      if (!commit.doubt) know(commit, current);
      const next = isDone ? unchanged(current) : this.#next(commit, (commit.doubt ? commit.known : undefined) ?? current, record);
      outcome = next;
      commit.mayHaveWritten = next.change !== undefined;
      return next.change;
    });
    return written ? outcome : GONE;
  }

  /** @param seen the record under its lock, which no look has checked yet */
  #next(commit: PendingCommit, current: SessionRecord | undefined, seen?: StoredRecord): Next {
    return this.#refusing(() => {
      if (seen) {
        refuseInDoubt(commit, seen);
        refuseLostLease(commit, seen.leaseId);
      }
      return this.#after(commit, current);
    });
  }

  #refusing<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw new Refusal(error);
    }
  }

  #after(commit: PendingCommit, current: SessionRecord | undefined): Next {
    const { commitId, leaseId } = commit;
    const values = commit.apply(current?.values ?? EMPTY);
    if (current && commit.maxAge === undefined && isEmptyDelta(computeDelta(current.values, values))) {
      return unchanged(current);
    }
    const maxAge = commit.maxAge === undefined ? (current?.maxAge ?? null) : commit.maxAge;
    const userId = userIdOf(values, this.options, this.codec);
    const lifetime = this.#lifetimeAfter(commit, current, maxAge, longestUnused(userId, this.options));
    const record = SessionRecord.committed(this.codec, { version: current ? current.version + 1 : 0, commitId, maxAge }, values, current);
    const bytes = Buffer.byteLength(record.text);
    if (bytes > this.options.maxBytes) throw new SessionTooLargeError(bytes, this.options.maxBytes);
    const data = this.codec.seal(commit.storageKey, record.text);
    return { kind: 'committed', record, change: { data, commitId, userId, maxAge, lifetime, leaseId } };
  }

  /** A session that loses its user may be over earlier than it was. */
  #lifetimeAfter(
    { lifetime, maxAge: chosen, keepsExpiry }: PendingCommit,
    current: SessionRecord | undefined,
    maxAge: number | null,
    longest: number,
  ): Lifetime {
    if (lifetime) return exactLifetime(lifetime.ms, longest);
    const losesUser =
      longest < Infinity && current !== undefined && !keepsExpiry && userIdIfKnown(current.values, this.options, this.codec) !== null;
    return lifetimeOf(maxAge, this.options, chosen !== undefined || losesUser, keepsExpiry, longest);
  }

  async #lookAgain(commit: PendingCommit): Promise<StoredRecord | undefined | 'unanswered'> {
    try {
      return await this.repository.load(commit.storageKey);
    } catch (error) {
      this.#isUnknown(commit, error);
      return 'unanswered';
    }
  }

  /**
   * Whether the outcome of the statement that met an error is unknown.
   *
   * @throws the reason if the edit was refused, and SessionUnavailableError if trying again does not help
   */
  #isUnknown(commit: PendingCommit, error: unknown): boolean {
    if (error instanceof Refusal) throw error.reason;
    // The queue before the database was full: this attempt has sent nothing.
    if (error instanceof SessionUnavailableError) throw commit.doubt ? outcomeUnknown(commit.doubt) : error;
    const kind = this.repository.classify(error);
    if (kind === 'failed')
      throw new SessionUnavailableError(commit.doubt ? 'settle an unknown commit of' : 'commit', databaseError(error), error);
    if (kind !== 'rolled-back') commit.trouble = error;
    return kind === 'unknown';
  }

  #tellCreated({ storageKey }: PendingCommit, userId: string | null): void {
    this.observers.lifecycle?.created({ storageKey, userId });
  }

  /** An attempt whose outcome was unknown has landed. */
  #committed(commit: PendingCommit, record: StoredRecord): CommitOutcome {
    const read = this.reader.read(commit.storageKey, record);
    if (!read) return GONE;
    if (!commit.known) this.#tellCreated(commit, userIdIfKnown(read.values, this.options, this.codec) ?? null);
    return { kind: 'committed', record: read };
  }
}

/** An error that is no matter of the database, carried past the repository. */
class Refusal {
  constructor(readonly reason: unknown) {}
}

/** The edit, refusing once the deadline has passed: a row lock may come late. */
function guarded(apply: Edit['apply'], deadline: Deadline): Edit['apply'] {
  return (current) => {
    deadline.throwIfPassed();
    return apply(current);
  };
}

/** Gives the same result for the same values, asked again: an edit need not be a pure function. */
function onceForEach(apply: Edit['apply']): Edit['apply'] {
  let last: { readonly current: EncodedValues; readonly result: EncodedValues } | undefined;
  return (current) => {
    if (last?.current !== current) last = { current, result: apply(current) };
    return last.result;
  };
}

function unchanged(record: SessionRecord): Next {
  return { kind: 'committed', record, change: undefined };
}

function refuseLostLease({ storageKey, leaseId }: PendingCommit, found: string | null | undefined): void {
  if (leaseId !== undefined && found !== leaseId) throw new SessionLockLostError(storageKey);
}

/**
 * An attempt is in doubt, and the record has moved since: it may be among what moved it, and must not be tried again.
 * The record of a first save may have been destroyed already, if others could find it. A deletion leaves no trace.
 */
function refuseInDoubt({ doubt, known, isFindable }: PendingCommit, record: StoredRecord | undefined): void {
  const hasMoved = known ? !isAsKnown(known, record) : isFindable || record !== undefined;
  if (doubt && hasMoved) throw outcomeUnknown(doubt);
}

/** The record has gone, or another has begun under its key. */
function hasEnded(known: SessionRecord, record: StoredRecord | undefined): boolean {
  return !record || isOtherGeneration(known.commitId, record.commitId);
}

/** What the next attempt stands on. */
function know(commit: PendingCommit, record: SessionRecord | undefined): void {
  if (record && commit.known?.commitId !== record.commitId) commit.commitId = commitIdAfter(record.commitId);
  commit.known = record;
}

function isAsKnown(known: SessionRecord, record: StoredRecord | undefined): boolean {
  return record !== undefined && record.version === known.version && record.commitId === known.commitId;
}

function outcomeUnknown(cause: unknown): SessionUnavailableError {
  return new SessionUnavailableError(
    'commit',
    `${databaseError(cause)} Whether the commit took effect is unknown. Load the session anew to see it before you try again.`,
    cause,
  );
}

function inVain(attempts: number, cause: unknown): SessionUnavailableError {
  return new SessionUnavailableError(
    'commit',
    `${databaseError(cause)} None of ${attempts} attempts succeeded, and nothing was written; the client may try again.`,
    cause,
  );
}
