import type { Deadline } from '../batching/deadline.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import type { StoredRecord } from '../persistence/session.repository.js';
import { commitIdAfter, isOtherGeneration } from '../records/commit-id.js';
import type { SessionRecord } from '../records/session-record.js';
import { SessionLockLostError, SessionUnavailableError, databaseError } from '../smart-session.errors.js';
import type { Edit } from './edit.js';

/** A commit between its first attempt and its outcome: what it knows of the record, and of its own attempts. */
export class PendingCommit {
  /** The id by which the commit recognizes itself in the record. It changes with the known record, but never while an outcome is unknown. */
  commitId: string;
  /** The record as the last attempt saw it; while an outcome is unknown, as that attempt saw it. Undefined if there was none. */
  known: SessionRecord | undefined;
  /** Whether the last attempt got as far as writing. */
  mayHaveWritten = false;
  /** Whether others can destroy what a first save has stored: they know its id, or find it by its user. */
  isFindable = false;
  /** The error of an attempt whose outcome is unknown: it may have taken effect, or may still do so. Undefined if there is none. */
  unknownOutcome: unknown;
  /** The last error of the database that no other writer has caused; undefined if there was none. */
  databaseFailure: unknown;
  /** The edit's function. It refuses after the deadline, because a row lock may come late. Asked again for the same values, it gives the same result. */
  readonly apply: Edit['apply'];

  constructor(
    readonly storageKey: string,
    base: SessionRecord | undefined,
    readonly edit: Edit,
    readonly deadline: Deadline,
  ) {
    this.known = base;
    this.commitId = commitIdAfter(base?.commitId);
    const once = onceForEach(edit.apply);
    this.apply = (current) => {
      deadline.throwIfPassed();
      return once(current);
    };
  }

  /** Whether the record has gone, or another has begun under its key. */
  hasEnded(record: StoredRecord | undefined): boolean {
    return this.known !== undefined && (!record || isOtherGeneration(this.known.commitId, record.commitId));
  }

  /** Whether a record is still as the commit knows it. Another program may have changed its data and not its version. */
  isCurrent(record: StoredRecord | undefined): boolean {
    const { known } = this;
    if (!record || record.version !== known?.version || record.commitId !== known.commitId) return false;
    return known.data === undefined || record.data === known.data;
  }

  /** Bases the next attempt on a record. While an outcome is unknown, the attempt stays the same: its version check lets only one of the two win. */
  rebase(record: SessionRecord | undefined): void {
    if (this.unknownOutcome) return;
    if (record && this.known?.commitId !== record.commitId) this.commitId = commitIdAfter(record.commitId);
    this.known = record;
  }

  /** @throws SessionLockLostError if the edit needs a lease, and the record has another */
  refuseLostLease(found: string | null): void {
    const { leaseId } = this.edit;
    if (leaseId !== undefined && found !== leaseId) throw new SessionLockLostError(this.storageKey);
  }

  /**
   * Refuses another attempt if the outcome of an earlier one is unknown and the record has changed since. The earlier
   * attempt may have made that change. An absent record after a first save counts as changed if other requests could
   * have destroyed it.
   *
   * @throws SessionUnavailableError
   */
  refuseIfUnknown(record: StoredRecord | undefined): void {
    if (!this.unknownOutcome) return;
    const hasChanged = this.known ? !this.isCurrent(record) : this.isFindable || record !== undefined;
    if (hasChanged) throw outcomeUnknown(this.unknownOutcome);
  }
}

/** An edit need not be a pure function. */
function onceForEach(apply: Edit['apply']): Edit['apply'] {
  let last: { readonly current: EncodedValues; readonly result: EncodedValues } | undefined;
  return (current) => {
    if (last?.current !== current) last = { current, result: apply(current) };
    return last.result;
  };
}

/** The error of a commit whose outcome stays unknown. */
export function outcomeUnknown(cause: unknown): SessionUnavailableError {
  return new SessionUnavailableError(
    'commit',
    `${databaseError(cause)} Whether the commit took effect is unknown. Load the session again to see the outcome before you retry.`,
    cause,
  );
}

/** The error of a commit that the database has failed at each attempt. */
export function allAttemptsFailed(attempts: number, cause: unknown): SessionUnavailableError {
  return new SessionUnavailableError(
    'commit',
    `${databaseError(cause)} None of ${attempts} attempts succeeded, and nothing was written; the client may try again.`,
    cause,
  );
}
