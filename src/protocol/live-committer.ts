import { setImmediate as turnEnds } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Deadline } from '../batching/deadline.js';
import { CommitQueue } from '../commit/commit-queue.js';
import type { CommitOutcome, Edit } from '../commit/edit.js';
import { MergeReport } from '../commit/merge-report.js';
import { OverwriteDetector } from '../commit/overwrite-detector.js';
import { LoginDevices } from '../devices/login-devices.js';
import { SessionDestroyer } from '../ending/session-destroyer.js';
import { SessionHandover } from '../ending/session-handover.js';
import { SessionLimit } from '../ending/session-limit.js';
import type { HeldValues } from '../live/held-values.js';
import { LiveChanges, type Snapshot } from '../live/live-changes.js';
import type { HeldLease, LiveSession } from '../live/live-session.js';
import { LiveSessions } from '../live/live-sessions.js';
import { LiveTurn, afterOthers } from '../live/live-turn.js';
import { routeOf } from '../live/request-route.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import type { RecordListener } from '../observers/record-hints.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { AppTransactions } from '../persistence/app-transactions.js';
import type { NamedLease } from '../persistence/named-leases.js';
import type { StoredRecord } from '../persistence/session.repository.js';
import { isOtherGeneration } from '../records/commit-id.js';
import type { SessionRecord } from '../records/session-record.js';
import { UserIdWatch } from '../records/user-id-watch.js';
import { asError } from '../shared/thrown.js';
import { SessionGoneError, SessionLimitError, SessionLockLostError, SessionUnavailableError } from '../smart-session.errors.js';
import { LiveEdits, type LiveEdit } from '../live/live-edits.js';
import { SessionLoader } from './session-loader.js';
import { SessionStates } from './session-states.js';

/** Commits what a request has changed in its live session, and shows the session what others have stored. */
@Injectable()
export class LiveCommitter {
  constructor(
    private readonly commits: CommitQueue,
    private readonly states: SessionStates,
    private readonly loader: SessionLoader,
    private readonly liveSessions: LiveSessions,
    private readonly changes: LiveChanges,
    private readonly merges: MergeReport,
    private readonly overwrites: OverwriteDetector,
    private readonly destroyer: SessionDestroyer,
    private readonly handover: SessionHandover,
    private readonly limit: SessionLimit,
    private readonly devices: LoginDevices,
    private readonly userIds: UserIdWatch,
    private readonly edits: LiveEdits,
    private readonly transactions: AppTransactions,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /** Whether the caller is inside a transaction of the app, on the connections that the sessions use too. */
  get isInTransaction(): boolean {
    return this.transactions.isOpen;
  }

  /** Commits a live session for the app: see `SessionService.commit`. */
  async commit(session: object): Promise<void> {
    this.transactions.refuse('commit');
    this.#refuseClosed(session);
    await this.commitForResponse(session);
  }

  /**
   * Commits without the transaction check of `commit`. The response may be sent inside a transaction of the app, but
   * that transaction does not wait for this commit.
   *
   * @param held is told what is stored while the response is held
   * @param isLast whether the session's lock ends after this commit. Then the commit may release it too
   */
  async commitForResponse(session: object, held?: HeldValues, isLast = false): Promise<void> {
    const live = this.liveSessions.ofLive(session);
    const turn = new LiveTurn(live);
    try {
      await turn.before;
      if (live.abandoned) throw live.abandoned;
      this.destroyer.noticeEnd(live);
      if (!isOver(session, live) && !live.isClosed) {
        const { now, edit } = this.edits.of(session, live);
        if (edit) held?.note(session, edit.trace.keys);
        if (edit) await this.#apply(session, live, now, isLast ? { ...edit, releasesLease: true } : edit);
      }
      turn.end();
    } catch (error) {
      throw turn.fail(error);
    }
  }

  /**
   * Commits what a handler has changed under a lock that ends before the handler does. What it changes later is not
   * stored.
   *
   * @throws what `commit` throws; then no later commit is allowed
   */
  async close(session: object, lease: HeldLease): Promise<void> {
    try {
      await this.#closeInTurn(session, this.liveSessions.ofLive(session), lease);
    } catch (error) {
      // The answer may leave in this turn of the event loop: let its own commit fail first, so that it becomes an error too.
      await turnEnds();
      this.states.abandon(session, asError(error));
      throw error;
    }
  }

  async #closeInTurn(session: object, live: LiveSession, lease: HeldLease): Promise<void> {
    const turn = new LiveTurn(live);
    try {
      await turn.before;
      this.destroyer.noticeEnd(live);
      if (!live.abandoned && !isOver(session, live)) {
        const { now, edit } = this.edits.of(session, live);
        lease.isClosed = true;
        if (edit) await this.#apply(session, live, now, edit);
      }
      turn.end();
    } catch (error) {
      throw turn.fail(error);
    }
  }

  /**
   * Changes the current record of a live session by a draft.
   *
   * @param lease the change needs this lease, and finishes it
   * @throws SessionGoneError if the session has ended, and what `commit` and the draft's function throw
   */
  async update(session: object, draft: Pick<Edit, 'apply'>, lease?: NamedLease): Promise<void> {
    const live = this.liveSessions.ofLive(session);
    await afterOthers(live, () => this.#update(session, live, draft, lease));
  }

  async #update(session: object, live: LiveSession, draft: Pick<Edit, 'apply'>, lease: NamedLease | undefined): Promise<void> {
    this.refuseOver(session, live);
    const { now, edit } = this.edits.withDraft(session, live, draft, lease);
    const outcome = await this.#apply(session, live, now, edit);
    if (outcome.kind === 'gone') throw new SessionGoneError(live.storageKey, 'update');
  }

  /**
   * Shows a live session its record as it was loaded just now, except for keys that were changed here.
   *
   * @returns false if the record cannot be read, or belongs to another session of the same id
   * @throws SessionDecryptionError
   */
  async refresh(session: object, stored: StoredRecord): Promise<boolean> {
    const live = this.liveSessions.ofLive(session);
    return afterOthers(live, async () => {
      const loaded = await this.loader.open(live.storageKey, stored);
      if (!loaded || isOtherGeneration(live.record?.commitId, loaded.record.commitId)) return false;
      this.changes.refresh(session, live, loaded.record, loaded.time);
      return true;
    });
  }

  /**
   * Destroys the record of a live session, and returns its values for the session that takes its place.
   *
   * @throws SessionGoneError if the session has ended, and what `SessionHandover.endAndTakeValues` throws
   */
  endAndTakeValues(session: object): Promise<EncodedValues> {
    const live = this.liveSessions.ofLive(session);
    return afterOthers(live, async () => {
      if (live.abandoned) throw live.abandoned;
      this.destroyer.noticeEnd(live);
      const { state } = live;
      const values = await this.observers.outages.watch('destroy', this.handover.endAndTakeValues(session, live));
      live.isReplaced = state === 'stored';
      return values;
    });
  }

  /**
   * Commits an edit of a record.
   *
   * @param base the record as the caller knows it; undefined to insert
   * @param session the live session, if the commit is that of a request
   * @throws what `CommitQueue.commit` throws, and SessionLimitError
   */
  commitRecord(storageKey: string, base: SessionRecord | undefined, edit: Edit, session?: object): Promise<CommitOutcome> {
    const { operations, outages, notesRoutes } = this.observers;
    const committed = operations
      ? operations.commit(() => this.#commitInTime(storageKey, base, edit), session && notesRoutes ? routeOf(session) : undefined)
      : this.#commitInTime(storageKey, base, edit);
    return outages.watch('commit', this.limit.isOn ? this.#admitted(storageKey, base, committed) : committed);
  }

  #commitInTime(storageKey: string, base: SessionRecord | undefined, edit: Edit): Promise<CommitOutcome> {
    const deadline = new Deadline('commit', this.options.timeout);
    const committed = deadline.bound(this.commits.commit(storageKey, base, edit, deadline));
    const { listener } = this.observers.hints;
    return listener ? hinted(listener, storageKey, base, committed) : committed;
  }

  async #admitted(storageKey: string, base: SessionRecord | undefined, committed: Promise<CommitOutcome>): Promise<CommitOutcome> {
    const outcome = await committed;
    await this.limit.admit(storageKey, base, outcome);
    return outcome;
  }

  /** Commits an edit, and updates the base and the live session to the outcome. */
  async #apply(session: object, live: LiveSession, now: Snapshot, edit: Edit): Promise<CommitOutcome> {
    try {
      const before = live.record;
      const outcome = await this.commitRecord(live.storageKey, before, edit, session);
      if (this.devices.isOn) await this.devices.note(session, live.storageKey, before, outcome);
      this.take(session, live, { now, edit }, outcome);
      return outcome;
    } catch (error) {
      // The outcome may be unknown: a second try could overwrite what was committed since.
      if (error instanceof SessionUnavailableError) live.abandoned = error;
      if (error instanceof SessionLimitError) live.state = 'gone';
      throw error;
    }
  }

  /** Updates the base and the live session to the outcome of an edit. */
  take(session: object, live: LiveSession, { now, edit }: LiveEdit, outcome: CommitOutcome): void {
    if (live.isRegenerated && outcome.kind === 'committed') {
      live.isRegenerated = false;
      this.userIds.see(outcome.record.values);
    }
    if (live.lease && outcome.kind === 'committed' && outcome.isReleased) Object.assign(live.lease, { id: undefined, isReleased: true });
    this.changes.applyOutcome(session, live, now, outcome, edit.maxAge !== undefined);
    if (this.overwrites.isOn) this.overwrites.see(live.storageKey, routeOf(session)?.text, edit, outcome);
    if (edit.trace && !edit.trace.isOnBase) this.merges.tell(live.storageKey, edit.trace, outcome);
  }

  /**
   * Refuses a session that cannot be changed any more.
   *
   * @throws SessionGoneError, SessionLockLostError, and the error of the commit that has failed
   */
  refuseOver(session: object, live: LiveSession): void {
    if (live.abandoned) throw live.abandoned;
    this.destroyer.noticeEnd(live);
    if (isOver(session, live)) throw new SessionGoneError(live.storageKey, 'update');
    if (live.isClosed) throw new SessionLockLostError(live.storageKey);
  }

  /** @throws SessionLockLostError for changes that a handler has made after its lock ended */
  #refuseClosed(session: object): void {
    const live = this.liveSessions.find(session);
    if (live?.isClosed && !live.committing && !this.states.isUntouched(session)) throw new SessionLockLostError(live.storageKey);
  }
}

/** Whether there is no record, and will be none: it is gone, or the session was destroyed or regenerated before it was ever stored. */
function isOver(session: object, { state }: LiveSession): boolean {
  const { req } = session as { req?: { session?: unknown } };
  const isReplaced = req !== undefined && req.session !== session;
  return state === 'gone' || (state === 'new' && isReplaced);
}

/** Tells the listener of the commit, unless the record is the one that the caller has known. */
async function hinted(
  listener: RecordListener,
  storageKey: string,
  base: SessionRecord | undefined,
  committed: Promise<CommitOutcome>,
): Promise<CommitOutcome> {
  const outcome = await committed;
  if (outcome.kind !== 'committed' || outcome.record.commitId !== base?.commitId) listener.written(storageKey);
  return outcome;
}
