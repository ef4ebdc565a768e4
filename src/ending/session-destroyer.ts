import { Injectable } from '@nestjs/common';
import type { DeletedRecord } from '../persistence/session.repository.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { CommitQueue } from '../commit/commit-queue.js';
import { withDeadline } from '../batching/deadline.js';
import { EndedSessions } from './ended-sessions.js';
import { RepositoryCaller } from '../batching/repository-caller.js';
import { SessionObservers, type DestroyReason } from '../observers/session-observers.js';

/** What is known of a record that an attempt may have deleted whose answer was lost. */
const NOT_TOLD: Omit<DeletedRecord, 'storageKey'> = {};

/** Destroys the records of sessions, and tells who watches why. */
@Injectable()
export class SessionDestroyer {
  /** What was destroyed by an app. */
  readonly ended = new EndedSessions();

  constructor(
    private readonly commits: CommitQueue,
    private readonly caller: RepositoryCaller,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Destroys a session, after the first save that may be under way.
   *
   * @param userId its user, where the caller knows
   * @returns whether there was a record
   * @throws SessionUnavailableError
   */
  async destroy(storageKey: string, reason: DestroyReason, userId?: string | null): Promise<boolean> {
    if (reason !== 'logout' && reason !== 'revoked') return this.#destroy(storageKey, reason, userId);
    // At once: what the caller commits from now on must not come after the destruction.
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
    return withDeadline('destroy', this.options.timeout, async (deadline) => {
      await this.commits.firstSaved(storageKey);
      deadline.throwIfPassed();
      const deleted = await this.caller.askUntil(deadline, 'destroy', async (repository, isInDoubt) => {
        // The attempt before may have deleted it: better told without need than not told.
        return (await repository.destroy(storageKey)) ?? (isInDoubt ? NOT_TOLD : undefined);
      });
      if (deleted)
        this.observers.lifecycle?.destroyed({ storageKey, userId: deleted.userId === undefined ? userId : deleted.userId }, reason);
      return deleted !== undefined;
    });
  }

  /**
   * Destroys the sessions of a user, but for one.
   *
   * @returns how many
   * @throws SessionUnavailableError
   */
  destroyAll(userId: string, spared: string | undefined): Promise<number> {
    return this.destroySome(userId, (keys) => keys.filter((key) => key !== spared), 'revoked');
  }

  /**
   * Destroys those of a user's live sessions that are chosen among all of them.
   *
   * @param choose is given their storage keys, the newest first
   * @returns how many. After a lost connection: with those that had been chosen, and are no longer there
   * @throws SessionUnavailableError
   */
  destroySome(userId: string, choose: (storageKeys: readonly string[]) => readonly string[], reason: DestroyReason): Promise<number> {
    const chosen = new Set<string>();
    return this.caller.ask('destroy', async (repository, isInDoubt) => {
      if (!isInDoubt) chosen.clear();
      await repository.destroySome(userId, (keys) => {
        for (const storageKey of chosen) if (keys.includes(storageKey)) chosen.delete(storageKey);
        const next = choose(keys);
        for (const storageKey of next) chosen.add(storageKey);
        return next;
      });
      for (const storageKey of chosen) this.observers.lifecycle?.destroyed({ storageKey, userId }, reason);
      if (reason === 'revoked') this.#note(chosen);
      return chosen.size;
    });
  }

  #note(storageKeys: Iterable<string>): void {
    for (const storageKey of storageKeys) {
      this.ended.begin(storageKey);
      this.ended.conclude(storageKey, true);
    }
  }
}
