import { Injectable } from '@nestjs/common';
import { isEmptyValues, type EncodedValues } from '../merge/encoded-values.js';
import type { RunInTransaction } from '../persistence/app-transaction.js';
import type { LockedRecords } from '../persistence/locked-records.js';
import { SessionRepository, type StoredRecord } from '../persistence/session.repository.js';
import { commitIdAfter, isOtherGeneration } from '../records/commit-id.js';
import { RecordReader } from '../records/record-reader.js';
import type { SessionRecord } from '../records/session-record.js';
import { SessionConflictError, SessionLockLostError } from '../smart-session.errors.js';
import type { CommitOutcome, Edit } from './edit.js';
import { RevisionBuilder, type Revision } from './revision-builder.js';

const EMPTY: EncodedValues = new Map();

/** A commit inside a transaction of the app. */
export interface TransactionCommit {
  readonly storageKey: string;
  /** The record as the caller knows it; undefined if the caller knows none. */
  readonly base: SessionRecord | undefined;
  /** Whether there is no record yet. */
  readonly isNew: boolean;
  readonly edit: Edit;
}

/** The outcome of a commit if the transaction commits, and the record as it was before. */
export type TransactionOutcome = CommitOutcome & { readonly before?: SessionRecord };

/**
 * Writes records inside transactions of the app, under their row locks. It does not retry, because only the whole transaction can be
 * run again. It throws the driver's errors, so that the app's own retries recognize them.
 */
@Injectable()
export class TransactionCommitter {
  constructor(
    private readonly repository: SessionRepository,
    private readonly revisions: RevisionBuilder,
    private readonly reader: RecordReader,
  ) {}

  /** The statements for records inside transactions of the app; undefined if the repository has none. */
  get records(): LockedRecords | undefined {
    return this.repository.records;
  }

  /**
   * Applies an edit to the current record.
   *
   * @throws SessionLockLostError, SessionConflictError if an expired record is in the way of a new one, what the edit throws, and the
   * driver's errors
   */
  async commit(run: RunInTransaction, commit: TransactionCommit): Promise<TransactionOutcome> {
    const { storageKey, isNew, edit } = commit;
    const first = isNew ? this.revise(commit, undefined, edit.apply(EMPTY)) : undefined;
    if (first && (!first.change || (edit.mustSeeCurrent && isEmptyValues(first.record.values)))) return { kind: 'unstored' };
    if (first && (await this.write(run, commit, first))) return first;
    const current = this.read(commit, await this.lock(run, commit));
    if (!current && isNew) throw new SessionConflictError(storageKey, 1);
    if (!current) return { kind: 'gone' };
    const revision = this.revise(commit, current, edit.apply(current.values));
    if (!revision.change || (await this.write(run, { ...commit, isNew: false }, revision))) return { ...revision, before: current };
    return { kind: 'gone' };
  }

  /**
   * Locks the record until the transaction ends.
   *
   * @returns undefined if it has ended
   * @throws SessionLockLostError, and the driver's errors
   */
  async lock(run: RunInTransaction, { storageKey, edit }: TransactionCommit): Promise<StoredRecord | undefined> {
    const { record, lost } = await this.records!.lockForApp(run, storageKey, edit.fence);
    if (lost) throw new SessionLockLostError(storageKey, lost.name);
    if (record && edit.leaseId !== undefined && record.leaseId !== edit.leaseId) throw new SessionLockLostError(storageKey);
    return record;
  }

  /**
   * Reads a record that was locked.
   *
   * @returns undefined if it cannot be read, or is another under the same key
   * @throws SessionDecryptionError
   */
  read({ storageKey, base }: TransactionCommit, stored: StoredRecord | undefined): SessionRecord | undefined {
    if (!stored || (base && isOtherGeneration(base.commitId, stored.commitId))) return undefined;
    return this.reader.read(storageKey, stored);
  }

  /** Makes the next revision of a record. */
  revise({ storageKey, edit }: TransactionCommit, current: SessionRecord | undefined, values: EncodedValues): Revision {
    return this.revisions.build({ storageKey, edit, commitId: commitIdAfter(current?.commitId) }, current, values);
  }

  /** Writes a revision. Returns false if the record has ended, or exists already. */
  write(run: RunInTransaction, { storageKey, isNew }: TransactionCommit, { change }: Revision): Promise<boolean> {
    return isNew ? this.records!.insert(run, storageKey, change!) : this.records!.write(run, storageKey, change!);
  }
}
