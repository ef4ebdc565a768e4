import { Injectable } from '@nestjs/common';
import { Deadline } from '../batching/deadline.js';
import { RetryingRepository } from '../batching/retrying-repository.js';
import { SessionCodec } from '../codec/session.codec.js';
import type { DraftEdit } from '../commit/draft-edit.js';
import type { Edit } from '../commit/edit.js';
import { outcomeUnknown } from '../commit/pending-commit.js';
import { TransactionCommitter, type TransactionCommit, type TransactionOutcome } from '../commit/transaction-committer.js';
import { HeldLeases } from '../live/held-leases.js';
import type { LiveSession } from '../live/live-session.js';
import { LiveSessions } from '../live/live-sessions.js';
import { LiveTurn, afterOthers } from '../live/live-turn.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { AppTransaction, TransactionEnd } from '../persistence/app-transaction.js';
import { fenceOf } from '../persistence/named-leases.js';
import { LiveEdits, type LiveEdit } from '../live/live-edits.js';
import { LiveCommitter } from '../protocol/live-committer.js';
import { asError } from '../shared/thrown.js';
import { SessionGoneError, SessionInTransactionError, SessionUnavailableError } from '../smart-session.errors.js';
import { JoinedSession } from './joined-session.js';
import { LandedCommits } from './landed-commits.js';
import { notEnded } from './not-ended.js';

/**
 * Commits that take part in a transaction of the app. The record is written in the transaction. The live session moves on when the
 * transaction has committed, and stays as it was if it is rolled back. Until then, other commits of the live session wait.
 */
@Injectable()
export class JoinedCommits {
  readonly #joined = new WeakMap<AppTransaction, WeakMap<LiveSession, Promise<JoinedSession>>>();

  constructor(
    private readonly committer: TransactionCommitter,
    private readonly live: LiveCommitter,
    private readonly edits: LiveEdits,
    private readonly liveSessions: LiveSessions,
    private readonly leases: HeldLeases,
    private readonly landed: LandedCommits,
    private readonly repository: RetryingRepository,
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Commits what a request has changed in its live session. If the session has ended, the changes are dropped later, as always.
   *
   * @throws SessionInTransactionError, SessionGoneError, the driver's errors, and what an edit throws
   */
  async commit(session: object, transaction: AppTransaction): Promise<void> {
    await this.#run('commit', session, transaction, (view) => this.edits.of(session, view));
  }

  /**
   * Changes the current record of a session by a draft.
   *
   * @param session the live session, or a session id
   * @throws SessionInTransactionError, SessionGoneError, the driver's errors, and what the draft's function throws
   */
  async update(session: object | string, draft: DraftEdit<unknown>, transaction: AppTransaction): Promise<void> {
    if (typeof session === 'string') return this.#updateStored(session, draft, transaction);
    const outcome = await this.#run('update', session, transaction, (view) => this.edits.withDraft(session, view, draft));
    if (outcome?.kind === 'gone') throw new SessionGoneError(this.liveSessions.of(session).storageKey, 'update');
  }

  async #updateStored(sessionId: string, { apply }: DraftEdit<unknown>, transaction: AppTransaction): Promise<void> {
    const storageKey = this.codec.storageKeyOf(sessionId);
    this.#refuse('update', storageKey, transaction);
    const edit = { apply, fence: fenceOf(this.leases.of(storageKey)), mustSeeCurrent: true };
    const outcome = await this.#write(transaction, { storageKey, base: undefined, isNew: false, edit });
    if (outcome.kind !== 'committed') throw new SessionGoneError(storageKey, 'update');
    transaction.join({
      beforeCommit: async () => {},
      ended: async (end) => {
        if (end === 'committed') await this.landed.announce(storageKey, outcome.before, outcome);
      },
    });
  }

  async #run(
    operation: string,
    session: object,
    transaction: AppTransaction,
    makeEdit: (view: LiveSession) => LiveEdit<Edit | undefined>,
  ): Promise<TransactionOutcome | undefined> {
    const live = this.liveSessions.ofLive(session);
    this.#refuse(operation, live.storageKey, transaction);
    const joined = await this.#join(session, live, transaction);
    return afterOthers(joined.view, async () => {
      await this.#forgetUndone(joined, transaction);
      const { now, edit } = makeEdit(joined.view);
      if (!edit) return undefined;
      const { record, state, storageKey } = joined.view;
      const written = this.#write(transaction, { storageKey, base: record, isNew: state === 'new', edit });
      const outcome = await written.catch((error: unknown) => {
        // The statements may still land in the transaction, which the app may commit.
        if (error instanceof SessionUnavailableError) joined.late = error;
        throw error;
      });
      if (outcome.kind === 'committed') joined.note({ now, edit }, outcome);
      return outcome;
    });
  }

  #refuse(operation: string, storageKey: string, { ownKey }: AppTransaction): void {
    if (!this.committer.records) throw new SessionInTransactionError(operation);
    if (ownKey === storageKey) throw new SessionInTransactionError(operation, OWN_TRANSACTION);
  }

  async #write(transaction: AppTransaction, commit: TransactionCommit): Promise<TransactionOutcome> {
    const deadline = new Deadline('commit', this.options.timeout);
    const outcome = await deadline.bound(this.committer.commit(transaction.run, commit));
    if (outcome.kind === 'committed') transaction.note(outcome.record.commitId!, outcome.before?.commitId ?? null);
    return outcome;
  }

  /** Takes the turn of a live session until the transaction ends, once for each transaction. */
  #join(session: object, live: LiveSession, transaction: AppTransaction): Promise<JoinedSession> {
    const all = this.#joined.get(transaction) ?? new WeakMap<LiveSession, Promise<JoinedSession>>();
    this.#joined.set(transaction, all);
    const known = all.get(live);
    if (known) return known;
    const turn = new LiveTurn(live);
    turn.bound(this.options.timeout, () => (live.abandoned ??= notEnded(this.options.timeout)));
    const joined = this.#begin(session, live, transaction, turn);
    all.set(live, joined);
    return joined;
  }

  async #begin(session: object, live: LiveSession, transaction: AppTransaction, turn: LiveTurn): Promise<JoinedSession> {
    try {
      await turn.before.catch(() => undefined);
      this.live.refuseOver(session, live);
    } catch (error) {
      this.#joined.get(transaction)?.delete(live);
      turn.end();
      throw error;
    }
    const joined = new JoinedSession(session, live);
    transaction.join({
      beforeCommit: () => this.#forgetUndone(joined, transaction),
      ended: async (end) => {
        const ending = this.#end(joined, transaction, end).finally(() => turn.end());
        // The transaction may still hold the record.
        if (end === 'unknown') ending.catch(() => undefined);
        else await ending;
      },
    });
    return joined;
  }

  /** Forgets the commits that are not in the transaction any more: a savepoint around them may have been rolled back. */
  async #forgetUndone(joined: JoinedSession, transaction: AppTransaction): Promise<void> {
    if (!joined.last) return;
    const { record } = await this.committer.records!.lock(transaction.run, joined.live.storageKey);
    joined.keep(({ outcome }) => transaction.includes(outcome.record.commitId!, record?.commitId));
  }

  async #end(joined: JoinedSession, transaction: AppTransaction, end: TransactionEnd): Promise<void> {
    const { live, last, late } = joined;
    if (end === 'rolled-back') return;
    if (late) live.abandoned ??= late;
    if (!last) return;
    if (end === 'unknown') await this.#settle(joined, transaction).catch((error: unknown) => void (live.abandoned ??= asError(error)));
    else await this.#take(joined);
  }

  /** The COMMIT has failed, and may have taken effect. The record tells. */
  async #settle(joined: JoinedSession, transaction: AppTransaction): Promise<void> {
    const { last, live } = joined;
    const found = await this.repository.updateLocked(live.storageKey, () => undefined, { operation: 'commit' });
    if (transaction.includes(last!.outcome.record.commitId!, found?.commitId)) return this.#take(joined);
    // No lock shows that the insert of a new session was rolled back. Or it was done, and others have ended the session.
    const isUnclear = !found && transaction.mayStillLand;
    if (isUnclear || !joined.isAsBefore(found)) throw outcomeUnknown(new Error("The COMMIT of the app's transaction has failed."));
  }

  async #take({ session, live, before, last }: JoinedSession): Promise<void> {
    const { made, outcome } = last!;
    this.live.take(session, live, made, outcome);
    await this.landed.announceLive(session, live, before, outcome);
  }
}

const OWN_TRANSACTION =
  'the call is inside the transaction of `SessionService.transactional` for the same session. Nothing was written. Change its draft.';
