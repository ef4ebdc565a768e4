import { Injectable } from '@nestjs/common';
import { SmartSessionOptions } from '../smart-session.options.js';
import { CommitJoiner } from './commit-joiner.js';
import { withDeadline } from './deadline.js';
import { RepositoryCaller } from './repository-caller.js';
import { SessionObservers, type DestroyReason } from './session-observers.js';

/** Destroys the records of sessions, and tells who watches why. */
@Injectable()
export class SessionDestroyer {
  constructor(
    private readonly commits: CommitJoiner,
    private readonly caller: RepositoryCaller,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Destroys a session, after the first save that may be under way.
   *
   * @param userId its user, where the caller knows
   * @throws SessionUnavailableError
   */
  async destroy(storageKey: string, reason: DestroyReason, userId?: string | null): Promise<void> {
    await withDeadline('destroy', this.options.timeout, async (deadline) => {
      await this.commits.firstSaved(storageKey);
      deadline.throwIfPassed();
      const deleted = await this.caller.askUntil(deadline, 'destroy', (repository) => repository.destroy(storageKey));
      if (deleted) this.observers.lives?.destroyed({ storageKey, userId: deleted.userId === undefined ? userId : deleted.userId }, reason);
    });
  }

  /**
   * Destroys the sessions of a user, but for one.
   *
   * @returns how many
   * @throws SessionUnavailableError
   */
  async destroyAll(userId: string, spared: string | undefined): Promise<number> {
    // One statement does it, and does not say which.
    if (!this.observers.lives) return this.caller.ask('destroy', (repository) => repository.destroyAll(userId, spared));
    return this.destroySome(userId, (keys) => keys.filter((key) => key !== spared), 'revoked');
  }

  /**
   * Destroys those of a user's live sessions that are chosen among all of them.
   *
   * @param choose is given their storage keys, the newest first
   * @returns how many
   * @throws SessionUnavailableError
   */
  destroySome(userId: string, choose: (storageKeys: readonly string[]) => readonly string[], reason: DestroyReason): Promise<number> {
    return this.caller.ask('destroy', async (repository) => {
      let chosen: readonly string[] = [];
      const destroyed = await repository.destroySome(userId, (keys) => (chosen = choose(keys)));
      for (const storageKey of chosen) this.observers.lives?.destroyed({ storageKey, userId }, reason);
      return destroyed;
    });
  }
}
