import type { CommitOutcome } from '../commit/edit.js';
import { LiveSession } from '../live/live-session.js';
import type { LiveEdit } from '../protocol/live-edits.js';
import type { SessionRecord } from '../records/session-record.js';

/** A commit that takes effect with a transaction of the app. */
interface JoinedCommit {
  readonly made: LiveEdit;
  readonly outcome: CommitOutcome & { readonly kind: 'committed' };
}

/** A live session that takes part in a transaction of the app. */
export class JoinedSession {
  /** The session as it will be if the transaction commits. The next changes in the transaction are compared with it. */
  readonly view: LiveSession;
  /** The record before the transaction; undefined if there was none. */
  readonly before: SessionRecord | undefined;
  #last: JoinedCommit | undefined;

  constructor(
    readonly session: object,
    readonly live: LiveSession,
  ) {
    this.view = Object.assign(new LiveSession(live.storageKey), live, { committing: undefined, boundedWait: undefined });
    this.before = live.record;
  }

  /** The last commit; undefined if nothing was written. */
  get last(): JoinedCommit | undefined {
    return this.#last;
  }

  /** Notes a commit. */
  note(made: LiveEdit, outcome: JoinedCommit['outcome']): void {
    const isMaxAgeChosen = this.#last?.made.edit.maxAge !== undefined;
    const { maxAge } = made.now;
    this.#last = { outcome, made: isMaxAgeChosen ? { ...made, edit: { ...made.edit, maxAge } } : made };
    this.view.moveTo(outcome.record, this.view.longestUnused, made.now.values);
  }
}
