import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Backoff } from '../batching/backoff.js';
import { RetryingRepository } from '../batching/retrying-repository.js';
import { HeldLeases } from '../live/held-leases.js';
import type { LiveSession } from '../live/live-session.js';
import { LiveSessions } from '../live/live-sessions.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { AppTransactions } from '../persistence/app-transactions.js';
import type { StoredRecord } from '../persistence/session.repository.js';
import { LiveCommitter } from '../protocol/live-committer.js';
import { SessionLogger } from '../security/session-logger.js';
import { SessionGoneError, SessionLockedError, SessionUnavailableError, abbreviate } from '../smart-session.errors.js';
import { LeaseClock } from './lease-clock.js';
import { LeaseExtensions } from './lease-extensions.js';
import { missingLeases } from './lease-names.js';
import { namedLease, recordLease, type LockLease } from './lock-leases.js';
import type { LockLimits } from './lock-limits.js';
import { Turns, type EndTurn } from './turns.js';

/** A lock that a caller has. Its lease is extended until `stopExtending` or `release`. */
export interface AcquiredLock {
  readonly live: LiveSession;
  readonly lease: LockLease;
  stopExtending(): void;
  /** Extends the lease once more. */
  extendOnce(): void;
  /** Lets the next caller of this process try. */
  readonly endTurn: EndTurn;
  /** Whether it is certain that no other process has taken the lease, by this process's clock. */
  isHeld(): boolean;
  /** Gives the lease back, unless a commit has released it, and ends the turn. Never rejects. */
  release(isReleased?: boolean): Promise<void>;
  /** Runs work in a context in which the same lock may be asked for again. */
  inside<Result>(work: () => Result): Result;
}

/** The limits of one caller's wait. */
interface Acquisition extends LockLimits {
  /** By this process's clock, in ms. */
  readonly deadline: number;
  /** The subject of an error's sentence. */
  readonly work: string;
}

/** The reason if a lease ends again and again before its work begins. */
export function endsBeforeWork(lease: number): string {
  return `its lease of ${lease} ms ends before the work can begin. Raise \`lease\`, or keep the event loop free.`;
}

/** The longest wait before the next attempt to lock what another process has locked, in ms. */
const LONGEST_WAIT = 50;

/**
 * Takes locks of sessions across processes, by leases. A killed process no longer extends its lease, so that it ends. No connection
 * is held between two statements. In one process the callers wait for each other, and only the first asks the database.
 */
@Injectable()
export class LockAcquirer implements OnApplicationShutdown {
  readonly #turns = new Turns();
  readonly #extensions = new LeaseExtensions();
  readonly #logger = new SessionLogger();

  constructor(
    private readonly committer: LiveCommitter,
    private readonly liveSessions: LiveSessions,
    private readonly leases: HeldLeases,
    private readonly repository: RetryingRepository,
    private readonly backoff: Backoff,
    private readonly transactions: AppTransactions,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Takes the lock of a live session, and shows it what is stored by then.
   *
   * @param name undefined for the lock of the record
   * @param work the subject of an error's sentence, for a caller that waited too long
   * @returns undefined for a session that is not stored yet: no other request has it
   * @throws SessionLockedError after `timeout`, or with more than `maxWaiting` before
   * @throws SessionGoneError when the session ended
   * @throws SessionUnavailableError, SessionInTransactionError
   */
  async acquire(session: object, limits: LockLimits, name: string | undefined, work: string): Promise<AcquiredLock | undefined> {
    const live = this.liveSessions.of(session);
    if (live.state === 'new') return undefined;
    this.transactions.refuse('lock');
    const deadline = performance.now() + limits.timeout;
    for (;;) {
      const lock = await this.#acquire(session, live, this.#leaseOf(live, name), { ...limits, deadline, work });
      // The process stood still. Another one may have the lock by now, and nothing was begun here.
      if (lock.isHeld()) return lock;
      await lock.release();
      if (performance.now() >= deadline) throw new SessionLockedError(live.storageKey, endsBeforeWork(limits.lease), work);
    }
  }

  async #acquire(session: object, live: LiveSession, lease: LockLease, limits: Acquisition): Promise<AcquiredLock> {
    const endTurn = await this.#takeTurn(live, lease, limits);
    const clock = new LeaseClock();
    let found: StoredRecord | 'as known';
    try {
      found = await this.observers.outages.watch('lock', this.#takeLease(live, lease, clock, limits));
    } catch (error) {
      // A statement whose answer was lost may have taken the lease. Do not wait for a database that fails.
      if (error instanceof SessionUnavailableError) void this.#release(live, lease);
      endTurn();
      throw error;
    }
    const lock = this.#lock(live, lease, clock, limits, endTurn);
    await this.#refresh(session, found, lock);
    return lock;
  }

  /** Stops extending leases, because the database is about to be closed. */
  onApplicationShutdown(): void {
    this.#extensions.stop();
  }

  #leaseOf(live: LiveSession, name: string | undefined): LockLease {
    if (name !== undefined) {
      if (!this.repository.hasLeases) throw missingLeases('A lock with a name');
      return namedLease(this.repository, live, name);
    }
    // A program that does not know the version may have changed the record.
    return recordLease(this.repository, live, this.options.locking !== 'pessimistic');
  }

  async #takeTurn({ storageKey }: LiveSession, { key }: LockLease, limits: Acquisition): Promise<EndTurn> {
    const { timeout, maxWaiting, deadline, work } = limits;
    const endTurn = await this.#turns.take(key, { timeout: Math.max(0, deadline - performance.now()), maxWaiting });
    if (endTurn === 'full')
      throw new SessionLockedError(storageKey, `its queue in this process is full (\`maxWaiting\` is ${maxWaiting}).`, work);
    if (endTurn === 'late')
      throw new SessionLockedError(storageKey, `other requests of this process have held it for ${timeout} ms, its \`timeout\`.`, work);
    return endTurn;
  }

  async #takeLease(
    { storageKey }: LiveSession,
    lease: LockLease,
    clock: LeaseClock,
    { lease: ms, timeout, deadline, work }: Acquisition,
  ): Promise<StoredRecord | 'as known'> {
    for (let attempt = 1; ; attempt++) {
      const found = await clock.hold(
        ms,
        () => lease.take(ms, attempt === 1),
        (taken) => taken !== undefined && taken !== 'held',
      );
      if (!found) throw new SessionGoneError(storageKey, 'lock');
      if (found !== 'held') return found;
      if (performance.now() >= deadline)
        throw new SessionLockedError(storageKey, `another process has held it for ${timeout} ms, its \`timeout\`.`, work);
      await this.backoff.wait(attempt, Math.min(LONGEST_WAIT, Math.max(0, deadline - performance.now())));
    }
  }

  /**
   * Extends the lease. If an extension comes too late, a commit finds another lease and throws `SessionLockLostError`: see
   * `PendingCommit.refuseLostLease`.
   */
  #lock(live: LiveSession, lease: LockLease, clock: LeaseClock, limits: LockLimits, endTurn: EndTurn): AcquiredLock {
    const { named } = lease;
    const extend = () => this.#extend(live, lease, clock, limits.lease);
    const stopExtending = this.#extensions.start(limits.lease, extend);
    const lock: AcquiredLock = {
      live,
      lease,
      endTurn,
      stopExtending,
      isHeld: () => clock.isHeld,
      extendOnce: () => void this.#extensions.once(extend),
      inside: (work) => (named ? this.leases.run(named, work) : work()),
      release: async (isReleased = false) => {
        stopExtending();
        if (named) this.leases.end(named);
        if (!isReleased) await this.#release(live, lease);
        endTurn();
      },
    };
    if (named) this.leases.begin(named, lock);
    return lock;
  }

  async #refresh(session: object, found: StoredRecord | 'as known', lock: AcquiredLock): Promise<void> {
    try {
      if (found === 'as known' || (await this.committer.refresh(session, found))) return;
      throw new SessionGoneError(lock.live.storageKey, 'lock');
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async #extend({ storageKey }: LiveSession, lease: LockLease, clock: LeaseClock, ms: number): Promise<void> {
    const extended = clock.hold(ms, () => lease.extend(ms), Boolean);
    await extended.catch((error: unknown) => {
      this.#logger.warn(`The lease of record ${abbreviate(storageKey)} was not extended: ${String(error)}`);
    });
  }

  async #release({ storageKey }: LiveSession, lease: LockLease): Promise<void> {
    await lease.release().catch((error: unknown) => {
      this.#logger.warn(`The lease of record ${abbreviate(storageKey)} was not released, and ends by itself: ${String(error)}`);
    });
  }
}
