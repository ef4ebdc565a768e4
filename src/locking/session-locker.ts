import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { SessionGoneError, SessionLockedError, SessionUnavailableError, abbreviate } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { AppTransactions } from '../persistence/app-transactions.js';
import type { StoredRecord } from '../persistence/session.repository.js';
import { SessionLogger } from '../security/session-logger.js';
import { describeThrown } from '../shared/thrown.js';
import { Backoff } from '../batching/backoff.js';
import { LiveSessions } from '../live/live-sessions.js';
import { RetryingRepository } from '../batching/retrying-repository.js';
import type { HeldLease, LiveSession } from '../live/live-session.js';
import { SessionObservers } from '../observers/session-observers.js';
import { LiveCommitter } from '../protocol/live-committer.js';
import { LeaseExtensions } from './lease-extensions.js';
import type { LockLimits } from './lock-limits.js';
import { Turns } from './turns.js';

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
}

/** The longest wait before the next attempt to lock what another process has locked, in ms. */
const LONGEST_WAIT = 50;

/**
 * Locks sessions across processes, by a lease in the record. A killed process no longer extends its lease, so that it
 * ends. No connection is held between two statements. In one process the requests wait for each other, and only the first
 * asks the database.
 */
@Injectable()
export class SessionLocker implements OnApplicationShutdown {
  readonly #turns = new Turns();
  readonly #extensions = new LeaseExtensions();
  readonly #logger = new SessionLogger();

  constructor(
    private readonly committer: LiveCommitter,
    private readonly liveSessions: LiveSessions,
    private readonly repository: RetryingRepository,
    private readonly backoff: Backoff,
    private readonly transactions: AppTransactions,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Locks a live session, and shows it what is stored by then.
   *
   * @returns undefined for a session that is not stored yet: no other request has it
   * @throws SessionLockedError after `timeout`, or with more than `maxWaiting` before
   * @throws SessionGoneError when the session ended
   * @throws SessionUnavailableError, SessionInTransactionError
   */
  async lock(session: object, limits: LockLimits): Promise<Unlock | undefined> {
    const live = this.liveSessions.of(session);
    const { storageKey } = live;
    if (live.state === 'new') return undefined;
    this.transactions.refuse('lock');
    const deadline = performance.now() + limits.timeout;
    const endTurn = await this.#turns.take(storageKey, limits);
    if (endTurn === 'full')
      throw new SessionLockedError(storageKey, `its queue in this process is full (\`maxWaiting\` is ${limits.maxWaiting}).`);
    if (endTurn === 'late')
      throw new SessionLockedError(storageKey, `other requests of this process have held it for ${limits.timeout} ms, its \`timeout\`.`);
    const leaseId = randomUUID();
    let found: StoredRecord | 'as known';
    try {
      found = await this.observers.outages.watch('lock', this.#lease(live, leaseId, limits, deadline));
    } catch (error) {
      // A statement whose answer was lost may have taken the lease. Do not wait for a database that fails.
      if (error instanceof SessionUnavailableError) void this.#release(storageKey, leaseId);
      endTurn();
      throw error;
    }
    const held: HeldLease = { id: leaseId, isClosed: false };
    live.lease = held;
    const stopExtending = this.#extend(storageKey, leaseId, limits.lease);
    let leaseEnds: NodeJS.Timeout | undefined;
    const unlock = once(async (isHandled = true) => {
      // The lease must last until the commit.
      if (!isHandled) await this.#close(session, held);
      stopExtending();
      clearTimeout(leaseEnds);
      if (isHandled) held.id = undefined;
      if (!held.isReleased) await this.#release(storageKey, leaseId);
      endTurn();
    });
    const withLease = () => {
      stopExtending();
      // Another request that has the lock by then has its own lease: the commits of this one find that.
      leaseEnds = setTimeout(endTurn, limits.lease).unref();
      void this.#extensions.once(() => this.#extendNow(storageKey, leaseId, limits.lease));
    };
    return this.#refreshed(session, found, Object.assign(unlock, { withLease }));
  }

  /** Stops extending leases, because the database is about to be closed. */
  onApplicationShutdown(): void {
    this.#extensions.stop();
  }

  async #refreshed(session: object, found: StoredRecord | 'as known', unlock: Unlock): Promise<Unlock> {
    try {
      if (found === 'as known' || (await this.committer.refresh(session, found))) return unlock;
      throw new SessionGoneError(this.liveSessions.of(session).storageKey, 'lock');
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  async #lease(live: LiveSession, leaseId: string, { lease, timeout }: LockLimits, deadline: number): Promise<StoredRecord | 'as known'> {
    const { storageKey } = live;
    for (let attempt = 1; ; attempt++) {
      // A program that does not know the version may have changed the record.
      const known = this.options.locking === 'pessimistic' ? undefined : live.record;
      const found = await this.repository.leaseAndLoad(storageKey, leaseId, lease, known);
      if (found) return found;
      const record = await this.repository.load(storageKey, { operation: 'lock' });
      if (!record) throw new SessionGoneError(storageKey, 'lock');
      if (performance.now() >= deadline)
        throw new SessionLockedError(storageKey, `another process has held it for ${timeout} ms, its \`timeout\`.`);
      await this.backoff.wait(attempt, Math.min(LONGEST_WAIT, Math.max(0, deadline - performance.now())));
    }
  }

  /**
   * Extends the lease until the returned function is called. If an extension comes too late, a commit finds another
   * lease and throws `SessionLockLostError`: see `PendingCommit.refuseLostLease`.
   */
  #extend(storageKey: string, leaseId: string, lease: number): () => void {
    return this.#extensions.start(lease, () => this.#extendNow(storageKey, leaseId, lease));
  }

  async #extendNow(storageKey: string, leaseId: string, lease: number): Promise<void> {
    await this.repository.extend(storageKey, leaseId, lease).catch((error: unknown) => {
      this.#logger.warn(`The lease of record ${abbreviate(storageKey)} was not extended: ${String(error)}`);
    });
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

  async #release(storageKey: string, leaseId: string): Promise<void> {
    await this.repository.release(storageKey, leaseId).catch((error: unknown) => {
      this.#logger.warn(`The lease of record ${abbreviate(storageKey)} was not released, and ends by itself: ${String(error)}`);
    });
  }
}

function once(work: (isHandled?: boolean) => Promise<void>): (isHandled?: boolean) => Promise<void> {
  let working: Promise<void> | undefined;
  return (isHandled) => (working ??= work(isHandled));
}
