import { Injectable } from '@nestjs/common';
import { TouchBatcher } from '../batching/touch-batcher.js';
import { SessionCodec } from '../codec/session.codec.js';
import { dueLifetime } from '../live/due-lifetime.js';
import { LiveSessions } from '../live/live-sessions.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { Lifetime } from '../persistence/session.repository.js';
import { exactLifetime, lifeOfPlain, lifetimeOf, maxAgeOrNull } from '../records/lifetime.js';
import { isSessionId } from './session-id.js';

/** Extends sessions that are used. */
@Injectable()
export class SessionToucher {
  constructor(
    private readonly touches: TouchBatcher,
    private readonly liveSessions: LiveSessions,
    private readonly codec: SessionCodec,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /** Whether a touch of a live session would move its expiry. */
  isDue(session: object): boolean {
    const live = this.liveSessions.find(session);
    return live !== undefined && dueLifetime(live, this.options) !== undefined;
  }

  /**
   * Extends the session if that is due, at most once in `touchAfter`, unless its policy forbids it. If the current
   * options allow only a shorter life, the expiry moves to an earlier time. A failure is only logged, because the
   * session still lives for at least `touchAfter`.
   *
   * @returns undefined if nothing is due
   */
  touch(sessionId: string, session: object): Promise<void> | undefined {
    const live = this.liveSessions.find(session);
    const due = live ? dueLifetime(live, this.options) : lifetimeOf(maxAgeOrNull(session), this.options, false);
    if (!due) return undefined;
    if (live) {
      live.expiresAt = performance.now() + due.ms;
      live.isExtended = true;
    }
    return this.#touch(this.codec.storageKeyOf(sessionId), due);
  }

  /**
   * Moves the expiry of a stored session to the time that the cookie of plain data says. If it says none, extends the
   * session by `ttl`, at most once in `touchAfter`. A failure of the database is logged, as with `touch`.
   *
   * @throws SessionNotSerializableError
   */
  async extend(sessionId: string, data: unknown): Promise<void> {
    if (!isSessionId(sessionId)) return;
    const { left } = lifeOfPlain(data);
    const lifetime = left === undefined ? lifetimeOf(null, this.options, false) : exactLifetime(left);
    await this.#touch(this.codec.storageKeyOf(sessionId), lifetime);
  }

  /** The request goes on without the touch. The log of outages reports the failure. */
  #touch(storageKey: string, lifetime: Lifetime): Promise<void> {
    return this.observers.outages.watch('touch', this.touches.submit(storageKey, lifetime)).catch(() => undefined);
  }
}
