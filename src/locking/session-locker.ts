import { Injectable } from '@nestjs/common';
import type { HeldLease } from '../live/live-session.js';
import { LiveSessions } from '../live/live-sessions.js';
import { LiveCommitter } from '../protocol/live-committer.js';
import { SessionLogger } from '../security/session-logger.js';
import { describeThrown } from '../shared/thrown.js';
import { abbreviate } from '../smart-session.errors.js';
import { LockAcquirer } from './lock-acquirer.js';
import type { LockLimits } from './lock-limits.js';

/** Ends a lock. */
export interface Unlock {
  /**
   * Ends the lock now. May be called again; never rejects.
   *
   * @param isHandled false if the handler may still run, but its request no longer waits for it: what it has changed so far is
   * committed first, and later changes are not stored
   */
  (isHandled?: boolean): Promise<void>;
  /** Ends the lock when its lease ends, unless it is ended earlier. Used when the handler has returned but may never respond. */
  withLease(): void;
  /** Runs the handler in a context in which the same lock may be asked for again. */
  inside<Result>(work: () => Result): Result;
}

/** Locks sessions for their handlers. */
@Injectable()
export class SessionLocker {
  readonly #logger = new SessionLogger();

  constructor(
    private readonly acquirer: LockAcquirer,
    private readonly committer: LiveCommitter,
    private readonly liveSessions: LiveSessions,
  ) {}

  /**
   * Locks a live session, and shows it what is stored by then.
   *
   * @param name the lock's name; undefined for the lock of the record
   * @returns undefined for a session that is not stored yet: no other request has it
   * @throws what `LockAcquirer.acquire` throws
   */
  async lock(session: object, limits: LockLimits, name?: string): Promise<Unlock | undefined> {
    const lock = await this.acquirer.acquire(session, limits, name, 'The handler');
    if (!lock) return undefined;
    const { live, lease } = lock;
    const held: HeldLease = { id: lease.id, named: lease.named, isClosed: false };
    live.lease = held;
    let leaseEnds: NodeJS.Timeout | undefined;
    const unlock = once(async (isHandled = true) => {
      // The lease must last until the commit.
      if (!isHandled) await this.#close(session, held);
      clearTimeout(leaseEnds);
      if (isHandled) Object.assign(held, { id: undefined, named: undefined });
      await lock.release(held.isReleased);
    });
    const withLease = () => {
      lock.stopExtending();
      // Another request that has the lock by then has its own lease: the commits of this one find that.
      leaseEnds = setTimeout(lock.endTurn, limits.lease).unref();
      lock.extendOnce();
    };
    return Object.assign(unlock, { withLease, inside: lock.inside });
  }

  /** Commits the changes that the request has made so far. `reload` may have given the request another session object. */
  async #close(locked: object, held: HeldLease): Promise<void> {
    const { req } = locked as { req?: { session?: object | null } };
    const session = req ? req.session : locked;
    if (session && this.liveSessions.find(session)?.lease === held) {
      await this.committer.close(session, held).catch((error: unknown) => {
        this.#logger.error(
          `Record ${abbreviate(this.liveSessions.of(session).storageKey)} was not stored when its lock ended: ${describeThrown(error)}`,
        );
      });
    }
    held.isClosed = true;
  }
}

function once(work: (isHandled?: boolean) => Promise<void>): (isHandled?: boolean) => Promise<void> {
  let working: Promise<void> | undefined;
  return (isHandled) => (working ??= work(isHandled));
}
