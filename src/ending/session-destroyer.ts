import { Injectable } from '@nestjs/common';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { CommitQueue } from '../commit/commit-queue.js';
import { Deadline } from '../batching/deadline.js';
import { EndedSessions } from './ended-sessions.js';
import { RetryingRepository } from '../batching/retrying-repository.js';
import type { LiveSession } from '../live/live-session.js';
import { SessionObservers, type DestroyReason } from '../observers/session-observers.js';

/** Destroys the records of sessions, and tells the observers why. */
@Injectable()
export class SessionDestroyer {
  /** The sessions that the app has destroyed a short time ago. */
  readonly ended = new EndedSessions();

  constructor(
    private readonly commits: CommitQueue,
    private readonly repository: RetryingRepository,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Destroys a session, after its first save if that is in flight.
   *
   * @param userId its user, if the caller knows it
   * @returns whether there was a record
   * @throws SessionUnavailableError
   */
  async destroy(storageKey: string, reason: DestroyReason, userId?: string | null): Promise<boolean> {
    if (reason !== 'logout' && reason !== 'revoked') return this.#destroy(storageKey, reason, userId);
    // Mark the session before the statement: no later commit of the caller may store it again.
    this.ended.begin(storageKey);
    try {
      const wasStored = await this.#destroy(storageKey, reason, userId);
      this.ended.conclude(storageKey, wasStored);
      return wasStored;
    } catch (error) {
      this.ended.giveUp(storageKey);
      throw error;
    }
  }

  #destroy(storageKey: string, reason: DestroyReason, userId?: string | null): Promise<boolean> {
    const deadline = new Deadline('destroy', this.options.timeout);
    return deadline.bound(this.#destroyBy(deadline, storageKey, reason, userId));
  }

  async #destroyBy(deadline: Deadline, storageKey: string, reason: DestroyReason, userId?: string | null): Promise<boolean> {
    await this.commits.firstSaved(storageKey);
    deadline.throwIfPassed();
    const deleted = await this.repository.destroy(storageKey, { deadline });
    // Also tell of a session that was never stored.
    this.observers.hints.listener?.ended([storageKey]);
    if (deleted)
      this.observers.lifecycle?.destroyed({ storageKey, userId: deleted.userId === undefined ? userId : deleted.userId }, reason);
    return deleted !== undefined;
  }

  /**
   * Destroys the sessions of a user, except one.
   *
   * @returns how many
   * @throws SessionUnavailableError
   */
  destroyAll(userId: string, spared: string | undefined): Promise<number> {
    return this.destroySome(userId, (keys) => keys.filter((key) => key !== spared), 'revoked');
  }

  /**
   * Destroys the live sessions of a user that `choose` selects.
   *
   * @param choose is given their storage keys, the newest first
   * @returns how many. After a retry, a session that the first attempt chose and that is gone counts too
   * @throws SessionUnavailableError
   */
  destroySome(userId: string, choose: (storageKeys: readonly string[]) => readonly string[], reason: DestroyReason): Promise<number> {
    const deadline = new Deadline('destroy', this.options.timeout);
    return deadline.bound(this.#destroySomeBy(deadline, userId, choose, reason));
  }

  /** Also tells of sessions that were destroyed after the deadline. */
  async #destroySomeBy(
    deadline: Deadline,
    userId: string,
    choose: (storageKeys: readonly string[]) => readonly string[],
    reason: DestroyReason,
  ): Promise<number> {
    const destroyed = await this.repository.destroySome(userId, choose, { deadline });
    this.observers.hints.listener?.ended(destroyed);
    for (const storageKey of destroyed) this.observers.lifecycle?.destroyed({ storageKey, userId }, reason);
    if (reason === 'revoked') this.#note(destroyed);
    return destroyed.size;
  }

  /**
   * Deletes expired records.
   *
   * @param limit the most at once
   * @returns how many
   * @throws SessionUnavailableError
   */
  prune(limit: number): Promise<number> {
    const deadline = new Deadline('prune', this.options.timeout);
    return deadline.bound(this.#pruneBy(deadline, limit));
  }

  async #pruneBy(deadline: Deadline, limit: number): Promise<number> {
    const deleted = await this.repository.prune(limit, { deadline });
    const { lifecycle, hints } = this.observers;
    hints.listener?.ended(deleted.map(({ storageKey }) => storageKey));
    if (lifecycle) for (const session of deleted) lifecycle.expired(session);
    return deleted.length;
  }

  /** Whether this process has destroyed a live session, or, if the session was never stored, is about to. */
  hasEnded({ storageKey, since, state }: LiveSession): boolean {
    return !this.ended.isEmpty && this.ended.has(storageKey, since, state === 'new');
  }

  /** Marks a session as gone that was destroyed before it was ever stored. The next commit of a stored session finds out by itself. */
  noticeEnd(live: LiveSession): void {
    if (live.state === 'new' && this.hasEnded(live)) live.state = 'gone';
  }

  #note(storageKeys: Iterable<string>): void {
    for (const storageKey of storageKeys) {
      this.ended.begin(storageKey);
      this.ended.conclude(storageKey, true);
    }
  }
}
