import { Injectable } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import { SessionLimitError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { RetryingRepository } from '../batching/retrying-repository.js';
import type { CommitOutcome } from '../commit/edit.js';
import { newUserOf } from '../commit/new-user.js';
import { SessionDestroyer } from './session-destroyer.js';
import type { SessionRecord } from '../records/session-record.js';

/**
 * Enforces `maxSessionsPerUser`. A session is counted after the commit that gave it its user. If several log in at once,
 * in any process, the last one that counts sees them all.
 */
@Injectable()
export class SessionLimit {
  constructor(
    private readonly codec: SessionCodec,
    private readonly repository: RetryingRepository,
    private readonly destroyer: SessionDestroyer,
    private readonly options: SmartSessionOptions,
  ) {}

  /** Whether there is a limit. */
  get isOn(): boolean {
    return this.options.maxSessionsPerUser !== undefined;
  }

  /**
   * Enforces the limit after a session got its user: ends the oldest sessions, or destroys this session with
   * `whenFull: 'deny'`.
   *
   * @param before the record before the commit; undefined for a new one
   * @throws SessionLimitError when there is no room; the session is destroyed
   * @throws SessionUnavailableError
   */
  async admit(storageKey: string, before: SessionRecord | undefined, outcome: CommitOutcome): Promise<void> {
    const userId = newUserOf(before, outcome, this.options, this.codec);
    if (userId === null) return;
    const { max, whenFull } = this.options.maxSessionsPerUser!;
    const live = await this.repository.list(userId, { operation: 'count' });
    if (live.length <= max) return;
    if (whenFull === 'evict-oldest') return void (await this.destroyer.destroySome(userId, evictOldest(storageKey, max), 'evicted'));
    // Throws even if the deletion's answer was lost and the session is gone: the login must not look successful.
    if ((await this.destroyer.destroySome(userId, deny(storageKey, max), 'refused')) > 0) throw new SessionLimitError(storageKey, max);
  }
}

/** Chooses the sessions to end among a user's storage keys, which are sorted newest first. */
type Choose = (storageKeys: readonly string[]) => readonly string[];

/** The session itself stays, however old: its user has just logged in. */
function evictOldest(own: string, max: number): Choose {
  return (keys) => [...keys.filter((key) => key === own), ...keys.filter((key) => key !== own)].slice(max);
}

function deny(own: string, max: number): Choose {
  return (keys) => (keys.length > max ? keys.filter((key) => key === own) : []);
}
