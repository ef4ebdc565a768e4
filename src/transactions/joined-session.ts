import type { TransactionOutcome } from '../commit/transaction-committer.js';
import { LiveSession } from '../live/live-session.js';
import type { StoredRecord } from '../persistence/session.repository.js';
import type { LiveEdit } from '../live/live-edits.js';
import type { SessionRecord } from '../records/session-record.js';
import type { SessionUnavailableError } from '../smart-session.errors.js';

/** A commit that takes effect with a transaction of the app. */
export interface JoinedCommit {
  readonly made: LiveEdit;
  readonly outcome: TransactionOutcome & { readonly kind: 'committed' };
}

/** A live session that takes part in a transaction of the app. */
export class JoinedSession {
  /** The session as it will be if the transaction commits. The next changes in the transaction are compared with it. */
  readonly view: LiveSession;
  /** The record as it was when the session joined; undefined if there was none. */
  readonly before: SessionRecord | undefined;
  /** The error of a commit whose answer came too late. Whether it is part of the transaction is unknown. */
  late: SessionUnavailableError | undefined;
  /** The commits that no savepoint has undone. */
  readonly #commits: JoinedCommit[] = [];

  constructor(
    readonly session: object,
    readonly live: LiveSession,
  ) {
    this.view = Object.assign(new LiveSession(live.storageKey), live, { committing: undefined, boundedWait: undefined });
    this.before = live.record;
  }

  /** The last commit; undefined if nothing was written. */
  get last(): JoinedCommit | undefined {
    return this.#commits.at(-1);
  }

  /** Notes a commit. */
  note(made: LiveEdit, outcome: JoinedCommit['outcome']): void {
    const isMaxAgeChosen = this.last?.made.edit.maxAge !== undefined;
    const { maxAge } = made.now;
    this.#commits.push({ outcome, made: isMaxAgeChosen ? { ...made, edit: { ...made.edit, maxAge } } : made });
    this.#show();
  }

  /**
   * Forgets the last commits, because a savepoint was rolled back. The request's changes that were in them are to be stored again.
   *
   * @param isInPlace whether the transaction still has a commit
   */
  keep(isInPlace: (commit: JoinedCommit) => boolean): void {
    while (this.last && !isInPlace(this.last)) this.#commits.pop();
    this.#show();
  }

  /** Whether a record is as it was before the transaction. */
  isAsBefore(found: StoredRecord | undefined): boolean {
    // Others may have changed the record between the session's load and the transaction.
    return [this.before, this.#commits[0]?.outcome.before].some(
      (record) => record?.version === found?.version && record?.commitId === found?.commitId,
    );
  }

  #show(): void {
    const { last, live, view } = this;
    if (last) return view.moveTo(last.outcome.record, view.longestUnused, last.made.now.values);
    const { state, record, ownBase } = live;
    Object.assign(view, { state, record, ownBase });
  }
}
