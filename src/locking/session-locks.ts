import { Injectable } from '@nestjs/common';
import { ALONE, HeldLeases, type WorkLease } from '../live/held-leases.js';
import { LiveSessions } from '../live/live-sessions.js';
import { AppTransactions } from '../persistence/app-transactions.js';
import type { NamedLease } from '../persistence/named-leases.js';
import { LiveCommitter } from '../protocol/live-committer.js';
import { SessionStates } from '../protocol/session-states.js';
import { StoredSessions } from '../protocol/stored-sessions.js';
import { SessionLogger } from '../security/session-logger.js';
import { asError, describeThrown } from '../shared/thrown.js';
import { SessionLockLostError, abbreviate } from '../smart-session.errors.js';
import { LockAcquirer, type AcquiredLock } from './lock-acquirer.js';
import type { LockLimits } from './lock-limits.js';

/** Runs work of the app under locks by name. */
@Injectable()
export class SessionLocks {
  readonly #logger = new SessionLogger();

  constructor(
    private readonly acquirer: LockAcquirer,
    private readonly leases: HeldLeases,
    private readonly committer: LiveCommitter,
    private readonly stored: StoredSessions,
    private readonly states: SessionStates,
    private readonly liveSessions: LiveSessions,
    private readonly transactions: AppTransactions,
  ) {}

  /**
   * Runs work under the lock of a session and a name, and commits what it has changed in the session.
   *
   * @param session the live session, or a session id
   * @throws what the work throws, after its changes so far are committed
   * @throws SessionGoneError if the session has ended, and what `LockAcquirer.acquire` and a commit throw
   */
  async run<Result>(
    session: object | string,
    name: string,
    limits: LockLimits,
    work: (session: object, lease: WorkLease) => Result | Promise<Result>,
  ): Promise<Result> {
    // Also inside the same lock: the commit at the end is not part of the transaction.
    this.transactions.refuse('lock');
    const target = typeof session === 'string' ? await this.stored.loadToLock(session) : session;
    const { storageKey } = this.liveSessions.ofLive(target);
    const outer = this.leases.find(storageKey, name);
    if (outer) return this.#committing(target, () => work(target, outer));
    const lock = await this.acquirer.acquire(target, limits, name, 'The work');
    if (!lock) return this.#committing(target, () => work(target, ALONE));
    try {
      return await this.#fenced(lock, () => this.#committing(target, () => lock.inside(() => work(target, lock))));
    } finally {
      await lock.release();
    }
  }

  /** Lets no commit of the session land without the lease. */
  async #fenced<Result>({ live, lease }: AcquiredLock, work: () => Promise<Result>): Promise<Result> {
    const locks = (live.locks ??= new Set<NamedLease>());
    locks.add(lease.named!);
    try {
      return await work();
    } finally {
      locks.delete(lease.named!);
    }
  }

  async #committing<Result>(session: object, work: () => Result | Promise<Result>): Promise<Result> {
    let result: Result;
    try {
      result = await work();
    } catch (error) {
      await this.#commitAfter(session, error);
      throw error;
    }
    await this.#commit(session);
    return result;
  }

  async #commit(locked: object): Promise<void> {
    const session = this.#current(locked);
    try {
      await this.committer.commit(session);
    } catch (error) {
      // The changes of the work are built on a state that others may have changed.
      if (error instanceof SessionLockLostError) this.states.abandon(session, error);
      throw error;
    }
  }

  /** The session that the request has now: `reload` may have given it another object. */
  #current(locked: object): object {
    const session = (locked as { req?: { session?: object | null } }).req?.session;
    const isSame = session && this.liveSessions.find(session)?.storageKey === this.liveSessions.of(locked).storageKey;
    return isSame ? session : locked;
  }

  /** The app gets the error of its work, and not that of the commit. */
  async #commitAfter(session: object, thrown: unknown): Promise<void> {
    await this.#commit(session).catch((error: unknown) => {
      this.states.abandon(this.#current(session), asError(error));
      if (error !== thrown)
        this.#logger.error(
          `Record ${abbreviate(this.liveSessions.of(session).storageKey)} was not stored when its lock ended: ${describeThrown(error)}`,
        );
    });
  }
}
