import { Injectable } from '@nestjs/common';
import { Backoff } from '../batching/backoff.js';
import type { Deadline } from '../batching/deadline.js';
import { UpdateBatcher } from '../batching/update-batcher.js';
import { SessionCodec } from '../codec/session.codec.js';
import { isEmptyValues, type EncodedValues } from '../merge/encoded-values.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { NamedLease } from '../persistence/named-leases.js';
import { SessionRepository, type StoredRecord } from '../persistence/session.repository.js';
import { RecordReader } from '../records/record-reader.js';
import type { SessionRecord } from '../records/session-record.js';
import { userIdIfKnown } from '../records/user-id.js';
import { SessionConflictError, SessionLockLostError, SessionUnavailableError, databaseError } from '../smart-session.errors.js';
import type { CommitOutcome, Edit } from './edit.js';
import { removeExpiredRow } from './expired-row.js';
import { PendingCommit, allAttemptsFailed, outcomeUnknown } from './pending-commit.js';
import { RevisionBuilder, unchanged, type Revision } from './revision-builder.js';

const GONE: CommitOutcome = { kind: 'gone' };
const UNSTORED: CommitOutcome = { kind: 'unstored' };
const EMPTY: EncodedValues = new Map();

/** Attempts by version before the commit takes the row's lock, so that it cannot lose to other writers for ever. */
const OPTIMISTIC_ATTEMPTS = 3;

/**
 * Commits an edit of one record: writes, and on a conflict loads the record again, merges and writes again, within
 * bounds.
 */
@Injectable()
export class SessionCommitter {
  constructor(
    private readonly repository: SessionRepository,
    private readonly updates: UpdateBatcher,
    private readonly revisions: RevisionBuilder,
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
   * @param deadline nothing is written after it
   * @throws SessionConflictError if other writers won each of `maxAttempts` attempts
   * @throws SessionUnavailableError if the database failed, or the outcome stays unknown
   * @throws SessionTooLargeError if the result is over `maxBytes`
   * @throws SessionLockLostError if the edit's lease was lost
   * @throws SessionDecryptionError if the record cannot be opened
   * @throws what the edit throws; then nothing was written
   */
  async commit(storageKey: string, base: SessionRecord | undefined, edit: Edit, deadline: Deadline): Promise<CommitOutcome> {
    const commit = new PendingCommit(storageKey, base, edit, deadline);
    let failure: unknown;
    for (let attempt = 1; attempt <= this.options.maxAttempts; attempt++) {
      if (attempt > 1) {
        this.observers.operations?.retried();
        await this.backoff.wait(attempt - 1);
        const record = await this.#loadAgain(commit);
        if (record === 'unanswered') continue;
        if (record?.commitId === commit.commitId) return this.#committed(commit, record);
        if (commit.hasEnded(record)) return GONE;
        commit.refuseIfUnknown(record);
        if (record) commit.refuseLostLease(record.leaseId);
        if (!commit.unknownOutcome) commit.rebase(record && this.reader.read(storageKey, record));
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
        if (this.#isUnknown(commit, error) && commit.mayHaveWritten) commit.unknownOutcome ??= error;
      }
    }
    return this.#conclude(commit, failure);
  }

  /** No attempt is left. If the outcome of one is unknown, looks whether it has taken effect. */
  async #conclude(commit: PendingCommit, failure: unknown): Promise<CommitOutcome> {
    const record = commit.unknownOutcome ? await this.#loadAgain(commit) : undefined;
    if (typeof record === 'object' && record.commitId === commit.commitId) return this.#committed(commit, record);
    if (commit.unknownOutcome) throw outcomeUnknown(commit.unknownOutcome);
    if (commit.databaseFailure) throw allAttemptsFailed(this.options.maxAttempts, commit.databaseFailure);
    throw new SessionConflictError(commit.storageKey, this.options.maxAttempts, failure);
  }

  /** Undefined if another writer was faster. */
  async #write(commit: PendingCommit, attempt: number): Promise<CommitOutcome | undefined> {
    const { known, storageKey, deadline } = commit;
    const isLocked = known && (this.options.locking === 'pessimistic' || attempt > OPTIMISTIC_ATTEMPTS);
    commit.mayHaveWritten = !known;
    if (!known) return this.#insert(commit);
    if (commit.edit.fence) return this.#updateLocked(commit);
    if (isLocked) return (attempt === 1 && (await this.#updateSeen(commit, known))) || this.#updateLocked(commit);
    const revision = await this.#reviseKnown(commit, known);
    if (!revision?.change) return revision;
    commit.mayHaveWritten = true;
    const { leaseId, releasesLease = false } = commit.edit;
    const isReleased = leaseId !== undefined && releasesLease && this.repository.updateAndRelease !== undefined;
    const isWritten = await this.updates.submit(storageKey, {
      storageKey,
      known,
      change: revision.change,
      deadline,
      releasesLease: isReleased,
    });
    return isWritten ? { ...revision, isReleased } : undefined;
  }

  /** Applies the edit to the record as it is known. Undefined if the result depends on a record that is out of date. */
  async #reviseKnown(commit: PendingCommit, known: SessionRecord): Promise<Revision | undefined> {
    let revision: Revision | Refusal;
    try {
      revision = this.#revise(commit, known);
    } catch (error) {
      revision = error as Refusal;
    }
    const isWritten = !(revision instanceof Refusal) && revision.change !== undefined;
    // If the revision is written, its version check tells whether the known record was current.
    if (!isWritten && commit.edit.mustSeeCurrent && !(await this.#isCurrent(commit))) return undefined;
    if (revision instanceof Refusal) throw revision;
    return revision;
  }

  async #isCurrent(commit: PendingCommit): Promise<boolean> {
    const record = await this.repository.load(commit.storageKey);
    if (record) this.#refusing(() => commit.refuseLostLease(record.leaseId));
    return commit.isCurrent(record);
  }

  async #insert(commit: PendingCommit): Promise<CommitOutcome | undefined> {
    const { edit, storageKey } = commit;
    const { record, change } = this.#revise(commit, undefined);
    if (!change || (edit.mustSeeCurrent && isEmptyValues(record.values))) return UNSTORED;
    commit.isFindable = change.userId !== null || Boolean(edit.isIdKnown);
    if (await this.repository.insert(storageKey, change)) {
      this.#tellCreated(commit, change.userId);
      return { kind: 'committed', record };
    }
    commit.mayHaveWritten = false;
    await removeExpiredRow(this.repository, storageKey, this.observers.lifecycle);
    return undefined;
  }

  /**
   * Tries to update without a lock, if the record still holds what the commit has seen. Unlike the version, this shows also what
   * other programs have written. Undefined if nothing was written: then the row must be locked.
   */
  async #updateSeen(commit: PendingCommit, known: SessionRecord): Promise<CommitOutcome | undefined> {
    const { storageKey, deadline, edit } = commit;
    if (!this.repository.comparesData || known.data === undefined || edit.leaseId !== undefined) return undefined;
    const revision = this.#reviseSeen(commit, known);
    if (!revision?.change) return undefined;
    commit.mayHaveWritten = true;
    const seen = { data: known.data, maxAge: known.maxAge };
    if (await this.updates.submit(storageKey, { storageKey, known, seen, change: revision.change, deadline })) return revision;
    commit.mayHaveWritten = false;
    return undefined;
  }

  /** Applies the edit to the record as it was seen. Undefined if it is refused, because it may be accepted on the current record. */
  #reviseSeen(commit: PendingCommit, known: SessionRecord): Revision | undefined {
    try {
      return this.#revise(commit, known);
    } catch {
      return undefined;
    }
  }

  async #updateLocked(commit: PendingCommit): Promise<CommitOutcome> {
    let outcome = GONE;
    const decide = (record: StoredRecord, lost?: NamedLease) => {
      if (commit.hasEnded(record)) return undefined;
      const current = this.#refusing(() => this.reader.read(commit.storageKey, record));
      if (!current) return undefined;
      // An earlier attempt may have taken effect after its connection was lost.
      const isDone = record.commitId === commit.commitId;
      if (!isDone && lost) throw new Refusal(new SessionLockLostError(commit.storageKey, lost.name));
      commit.rebase(current);
      const revision = isDone ? unchanged(current) : this.#revise(commit, commit.known, record);
      outcome = revision;
      commit.mayHaveWritten = revision.change !== undefined;
      return revision.change;
    };
    return (await this.repository.updateLocked(commit.storageKey, decide, commit.edit.fence)) ? outcome : GONE;
  }

  /** @param seen the record under its lock, which was not checked yet */
  #revise(commit: PendingCommit, current: SessionRecord | undefined, seen?: StoredRecord): Revision {
    return this.#refusing(() => {
      if (seen) {
        commit.refuseIfUnknown(seen);
        commit.refuseLostLease(seen.leaseId);
      }
      return this.revisions.build(commit, current, commit.apply(current?.values ?? EMPTY));
    });
  }

  #refusing<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw new Refusal(error);
    }
  }

  /** If the outcome of an earlier attempt is unknown, the record tells it. So it must not be on the primary alone, nor on a former one. */
  async #loadAgain(commit: PendingCommit): Promise<StoredRecord | undefined | 'unanswered'> {
    try {
      return await (commit.unknownOutcome ? this.repository.loadLocked(commit.storageKey) : this.repository.load(commit.storageKey));
    } catch (error) {
      this.#isUnknown(commit, error);
      return 'unanswered';
    }
  }

  /**
   * Whether the outcome of a statement that met an error is unknown.
   *
   * @throws the reason if the edit was refused, and SessionUnavailableError if another attempt does not help
   */
  #isUnknown(commit: PendingCommit, error: unknown): boolean {
    if (error instanceof Refusal) throw error.reason;
    // The queue before the database was full: this attempt has sent nothing.
    if (error instanceof SessionUnavailableError) throw commit.unknownOutcome ? outcomeUnknown(commit.unknownOutcome) : error;
    const kind = this.repository.classify(error);
    if (kind === 'failed')
      throw new SessionUnavailableError(
        commit.unknownOutcome ? 'find out the outcome of a commit of' : 'commit',
        databaseError(error),
        error,
      );
    if (kind !== 'rolled-back') commit.databaseFailure = error;
    return kind === 'unknown';
  }

  #tellCreated({ storageKey }: PendingCommit, userId: string | null): void {
    this.observers.lifecycle?.created({ storageKey, userId });
  }

  /** An attempt whose outcome was unknown has taken effect. */
  #committed(commit: PendingCommit, record: StoredRecord): CommitOutcome {
    const read = this.reader.read(commit.storageKey, record);
    if (!read) return GONE;
    if (!commit.known) this.#tellCreated(commit, userIdIfKnown(read.values, this.options, this.codec) ?? null);
    return { kind: 'committed', record: read, isReleased: commit.edit.leaseId !== undefined && record.leaseId !== commit.edit.leaseId };
  }
}

/** Carries an error that the database has not caused past the repository. */
class Refusal {
  constructor(readonly reason: unknown) {}
}
