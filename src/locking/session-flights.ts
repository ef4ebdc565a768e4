import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Backoff } from '../batching/backoff.js';
import { RetryingRepository } from '../batching/retrying-repository.js';
import { ALONE, type WorkLease } from '../live/held-leases.js';
import { SessionObservers } from '../observers/session-observers.js';
import type { NamedLease, NamedLeases } from '../persistence/named-leases.js';
import type { FlightTarget } from '../protocol/flight-targets.js';
import { SessionLogger } from '../security/session-logger.js';
import {
  SessionConflictError,
  SessionLockLostError,
  SessionLockedError,
  SessionUnavailableError,
  abbreviate,
} from '../smart-session.errors.js';
import { LeaseClock } from './lease-clock.js';
import { endsBeforeWork } from './lock-acquirer.js';
import { LeaseExtensions } from './lease-extensions.js';
import type { LockLimits } from './lock-limits.js';
import { settlesWithin } from './turns.js';

/** The work of a flight, and its limits. */
export interface FlightPlan {
  /** Whether nothing has to be done; undefined if only another flight tells that. */
  readonly isFresh: ((values: object) => unknown) | undefined;
  /** Does the work. What it sets in the draft is committed. */
  readonly work: (draft: object, lease: WorkLease) => unknown;
  readonly limits: LockLimits;
}

/** The outcome of a flight: its work is committed, was not necessary, or failed. */
type Outcome = { readonly kind: 'committed' | 'fresh' | 'none' } | { readonly kind: 'failed'; readonly error: unknown };

/** A call of `once`. */
interface FlightCaller {
  /** Until when it waits for others. */
  readonly deadline: number;
  /** Whether it has had the lease, or has found it with another. So a flight that is finished has ended since it came. */
  isWaiting: boolean;
}

/** A flight of this process, and how many callers wait for it. */
interface LocalFlight {
  readonly outcome: Promise<Outcome>;
  waiting: number;
  /** Whether it has had the lease, or has found it with another process. */
  hasTried: boolean;
}

/** The subject of an error's sentence, for a caller that waited too long. */
const WORK = 'The work';

/** Work that runs, and its draft until it has ended. */
interface RunningWork {
  draft: object | undefined;
  readonly lease: WorkLease;
}

/** A lease of this process. */
interface FlightLease extends NamedLease {
  readonly clock: LeaseClock;
}

/** The longest pause between two looks at a lease that another process holds, in ms. */
const LONGEST_WAIT = 50;

/**
 * Does a piece of work once for all callers of a session and a name, across processes. A lease by name elects the caller that does
 * it. Its commit finishes the lease in the same transaction, so that a caller that has lost its lease commits nothing. No connection
 * is held while the work runs.
 */
@Injectable()
export class SessionFlights implements OnApplicationShutdown {
  readonly #flights = new Map<string, LocalFlight>();
  /** The flights that the caller runs in, by key. */
  readonly #inside = new AsyncLocalStorage<ReadonlyMap<string, RunningWork>>();
  readonly #extensions = new LeaseExtensions();
  readonly #logger = new SessionLogger();

  constructor(
    private readonly repository: RetryingRepository,
    private readonly backoff: Backoff,
    private readonly observers: SessionObservers,
  ) {}

  /**
   * Does the work, or waits until another caller has done it. Afterwards the target has the committed values.
   *
   * @returns the committed values, or the draft of the work that the caller is inside
   * @throws SessionLockedError if others do the work for longer than `timeout`
   * @throws SessionLockLostError if the lease was another's when the work was committed: then nothing was
   * @throws what the work throws, here or in a caller of this process that was waited for; and what a commit throws
   */
  async once(target: FlightTarget, name: string, plan: FlightPlan): Promise<object> {
    const key = `${name}\0${target.storageKey}`;
    const { draft, lease } = this.#inside.getStore()?.get(key) ?? {};
    if (draft) {
      if (!(await plan.isFresh?.(draft))) await plan.work(draft, lease!);
      return draft;
    }
    if (!(await plan.isFresh?.(target.values))) await this.#onceOutermost(key, target, name, plan);
    return target.values;
  }

  #onceOutermost(key: string, target: FlightTarget, name: string, plan: FlightPlan): Promise<void> {
    if (!target.isShared) return this.#workAlone(key, target, plan);
    return this.#onceAmongAll(key, target, name, plan, { deadline: performance.now() + plan.limits.timeout, isWaiting: false });
  }

  /** Extends no lease any more, because the database is about to be closed. */
  onApplicationShutdown(): void {
    this.#extensions.stop();
  }

  async #onceAmongAll(key: string, target: FlightTarget, name: string, plan: FlightPlan, caller: FlightCaller): Promise<void> {
    for (;;) {
      const flight = this.#flights.get(key);
      if (!flight) return this.#lead(key, target, name, plan, caller);
      const outcome = await this.#follow(flight, target, plan, caller);
      if (outcome.kind === 'failed') throw outcome.error;
      await target.refresh();
      if (plan.isFresh ? await plan.isFresh(target.values) : outcome.kind === 'committed') return;
      caller.isWaiting = !plan.isFresh && (caller.isWaiting || flight.hasTried);
    }
  }

  async #follow(flight: LocalFlight, { storageKey }: FlightTarget, { limits }: FlightPlan, { deadline }: FlightCaller): Promise<Outcome> {
    const { timeout, maxWaiting } = limits;
    if (flight.waiting >= maxWaiting)
      throw new SessionLockedError(storageKey, `its queue in this process is full (\`maxWaiting\` is ${maxWaiting}).`, WORK);
    flight.waiting++;
    if (!(await settlesWithin(flight.outcome, deadline - performance.now())))
      throw new SessionLockedError(
        storageKey,
        `another request of this process works for longer than ${timeout} ms, its \`timeout\`.`,
        WORK,
      );
    return flight.outcome;
  }

  /** Does the work, or waits for another process, for all callers of this process. */
  async #lead(key: string, target: FlightTarget, name: string, plan: FlightPlan, caller: FlightCaller): Promise<void> {
    let land: (outcome: Outcome) => void = () => {};
    const flight: LocalFlight = { outcome: new Promise((resolve) => (land = resolve)), waiting: 0, hasTried: false };
    this.#flights.set(key, flight);
    let outcome: Outcome = { kind: 'none' };
    try {
      const lease = { storageKey: target.storageKey, name, leaseId: randomUUID(), clock: new LeaseClock() };
      const isJoined = await this.observers.outages.watch('lock', this.#takeOrJoin(lease, plan.limits, flight, caller));
      outcome = isJoined ? await this.#join(target, plan) : await this.#work(key, target, lease, plan, caller);
    } finally {
      this.#flights.delete(key);
      land(outcome);
    }
    if (outcome.kind === 'failed') throw outcome.error;
    if (outcome.kind !== 'none') return;
    // The flight of another process was not enough, or its work may have begun.
    caller.isWaiting = !plan.isFresh;
    await this.#onceAmongAll(key, target, name, plan, caller);
  }

  /** Ends the flight of a caller that waited for another process. */
  async #join(target: FlightTarget, { isFresh }: FlightPlan): Promise<Outcome> {
    await target.refresh();
    return { kind: !isFresh || (await isFresh(target.values)) ? 'committed' : 'none' };
  }

  /** Takes the lease. Returns true if another process has finished its flight meanwhile. */
  async #takeOrJoin(
    lease: FlightLease,
    { lease: ms, timeout }: LockLimits,
    flight: LocalFlight,
    { deadline, isWaiting }: FlightCaller,
  ): Promise<boolean> {
    let mayTake = true;
    for (let attempt = 1; ; attempt++) {
      const mustJoin = isWaiting || attempt > 1;
      const isTaken = mayTake && (await this.#hold(lease, ms, (leases) => leases.take(lease, ms, mustJoin)));
      flight.hasTried = true;
      if (isTaken) return false;
      await this.backoff.wait(attempt, Math.min(LONGEST_WAIT, Math.max(0, deadline - performance.now())));
      const found = await this.repository.onLeases((leases) => leases.look(lease.storageKey, lease.name));
      if (found?.isDone) return true;
      mayTake = !found || found.isOver;
      if (performance.now() >= deadline)
        throw new SessionLockedError(lease.storageKey, `another process works for longer than ${timeout} ms, its \`timeout\`.`, WORK);
    }
  }

  async #work(key: string, target: FlightTarget, lease: FlightLease, plan: FlightPlan, { deadline }: FlightCaller): Promise<Outcome> {
    const stop = this.#extensions.start(plan.limits.lease, () => this.#extend(lease, plan.limits.lease));
    let isFinished = false;
    try {
      await target.refresh();
      if (await plan.isFresh?.(target.values)) return { kind: 'fresh' };
      // The process stood still. Another one may work by now. Nothing was begun here, so the caller can start again.
      if (!lease.clock.isHeld) {
        if (performance.now() >= deadline) throw new SessionLockedError(target.storageKey, endsBeforeWork(plan.limits.lease), WORK);
        return { kind: 'none' };
      }
      const edit = target.edit();
      try {
        await this.#run(key, edit.draft, plan, { isHeld: () => lease.clock.isHeld });
        await target.commit(edit, lease);
      } catch (error) {
        if (isOfDatabase(error)) throw error;
        // The work was done. Each caller that waits would do it again.
        return { kind: 'failed', error };
      }
      isFinished = true;
      return { kind: 'committed' };
    } finally {
      stop();
      if (!isFinished) await this.#release(lease);
    }
  }

  /** No other request has a session that is not stored yet. */
  async #workAlone(key: string, target: FlightTarget, plan: FlightPlan): Promise<void> {
    const edit = target.edit();
    await this.#run(key, edit.draft, plan, ALONE);
    await target.commit(edit, undefined);
  }

  async #run(key: string, draft: object, { work }: FlightPlan, lease: WorkLease): Promise<void> {
    const running: RunningWork = { draft, lease };
    try {
      await this.#inside.run(new Map([...(this.#inside.getStore() ?? []), [key, running]]), async () => work(draft, lease));
    } finally {
      // The work may have started something that it did not wait for. That changes this draft no more.
      running.draft = undefined;
    }
  }

  async #extend(lease: FlightLease, ms: number): Promise<void> {
    await this.#hold(lease, ms, (leases) => leases.extend(lease, ms)).catch((error: unknown) =>
      this.#logger.warn(`${nameOf(lease)} was not extended: ${String(error)}`),
    );
  }

  #hold({ clock }: FlightLease, ms: number, statement: (leases: NamedLeases) => Promise<boolean>): Promise<boolean> {
    return clock.hold(ms, () => this.repository.onLeases(statement), Boolean);
  }

  async #release(lease: NamedLease): Promise<void> {
    await this.repository
      .onLeases((leases) => leases.release(lease))
      .catch((error: unknown) => this.#logger.warn(`${nameOf(lease)} was not released, and ends by itself: ${String(error)}`));
  }
}

/** Whether a commit failed for a reason that another run of the work does not have. */
function isOfDatabase(error: unknown): boolean {
  return error instanceof SessionUnavailableError || error instanceof SessionConflictError || error instanceof SessionLockLostError;
}

function nameOf({ storageKey, name }: NamedLease): string {
  return `The lease "${name}" of record ${abbreviate(storageKey)}`;
}
