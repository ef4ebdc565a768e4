import type { NamedLease, NamedLeases, StoredLease } from '../../src/persistence/named-leases.js';
import type { Scheduler } from './scheduler.js';
import type { LeaseEntry, SimulatedDatabase, SimulatedLease } from './simulated-database.js';
import { SimulatedFaults } from './simulated-faults.js';

type LeaseName = Pick<NamedLease, 'storageKey' | 'name'>;

/** The key of a lease in the simulated database. */
function leaseKeyOf({ storageKey, name }: LeaseName): string {
  return `${name}\0${storageKey}`;
}

/** `NamedLeases` on a simulated database. No lease expires unless a step says so. */
export class SimulatedLeases implements Omit<Pick<NamedLeases, keyof NamedLeases>, 'finish' | 'lockAll'> {
  /** The last state of each lease that each actor has seen. */
  readonly #seen = new Map<string, SimulatedLease | undefined>();
  readonly #faults: SimulatedFaults;

  constructor(
    protected readonly database: SimulatedDatabase,
    protected readonly scheduler: Scheduler,
  ) {
    this.#faults = new SimulatedFaults(database, scheduler);
  }

  async take(lease: NamedLease, _ms: number, isWaiting: boolean): Promise<boolean> {
    const isTaken = await this.#take(lease, isWaiting);
    if (!isTaken) this.#note('refused', lease, this.scheduler.actor);
    this.#seen.delete(this.#seenKey(lease));
    return isTaken;
  }

  async #take(lease: NamedLease, isWaiting: boolean): Promise<boolean> {
    const takeOver = () => {
      const found = this.find(lease);
      if (!found || !this.mayTakeOver(found, lease, isWaiting)) return false;
      this.#put('taken', lease, { leaseId: lease.leaseId, holder: this.scheduler.actor, isDone: false, isExpired: false });
      return true;
    };
    if (await this.#taking('take over the lease', lease, takeOver)) return true;
    const insert = () => {
      if (this.find(lease)) return false;
      this.#put('taken', lease, { leaseId: lease.leaseId, holder: this.scheduler.actor, isDone: false, isExpired: false });
      return true;
    };
    return this.#taking('insert the lease', lease, insert);
  }

  /** The time between two looks is as long as it takes until there is something new to see. */
  async look(storageKey: string, name: string): Promise<StoredLease | undefined> {
    const lease = { storageKey, name };
    const seenKey = this.#seenKey(lease);
    const isNew = () => !this.#seen.has(seenKey) || this.#seen.get(seenKey) !== this.find(lease);
    const look = () => {
      const found = this.find(lease);
      this.#seen.set(seenKey, found);
      return found && { leaseId: found.leaseId, isDone: found.isDone, isOver: found.isDone || found.isExpired };
    };
    return this.scheduler.step('look at the lease', () => (this.database.losesQueries ? this.#faults.ofQuery(look) : [look]), isNew);
  }

  async release(lease: NamedLease): Promise<void> {
    const release = () => {
      const found = this.find(lease);
      if (found?.leaseId === lease.leaseId && !found.isDone) this.#put('released', lease, undefined);
    };
    const isFree = () => this.isFree(lease);
    await this.scheduler.step('release the lease', () => this.#faults.ofWrite(release, isFree), isFree);
  }

  // No timer fires while the interleavings are walked.
  extend = unused;
  prune = unused;

  /** Whether a held lease could expire now. */
  get mayExpire(): boolean {
    return [...this.database.leases.values()].some(isHeld);
  }

  /** Lets the held leases expire. Returns their holders. */
  expireAll(): string[] {
    return Array.from(this.database.leases).flatMap(([key, lease]) => {
      const [name = '', storageKey = ''] = key.split('\0');
      if (!isHeld(lease)) return [];
      this.#put('expired', { name, storageKey, leaseId: lease.leaseId }, { ...lease, isExpired: true });
      return [lease.holder];
    });
  }

  /** Waits for the lock of a lease's row. Returns false, and locks nothing, if another has taken the lease. */
  lock(lease: NamedLease): Promise<boolean> {
    return this.scheduler.step(
      'lock the lease',
      () => [() => this.tryLock(lease)],
      () => this.isFree(lease),
    );
  }

  /** Locks a lease's row now. Returns false, and locks nothing, if another has taken the lease. */
  tryLock(lease: NamedLease): boolean {
    if (this.find(lease)?.leaseId !== lease.leaseId) return false;
    this.database.leaseLocks.add(leaseKeyOf(lease));
    return true;
  }

  /** Whether a lease's row is not locked. */
  isFree(lease: LeaseName): boolean {
    return !this.database.leaseLocks.has(leaseKeyOf(lease));
  }

  /** Ends the locks of leases' rows. */
  unlock(leases: readonly LeaseName[]): void {
    for (const lease of leases) this.database.leaseLocks.delete(leaseKeyOf(lease));
  }

  /** Finishes a lease whose row is locked. */
  finish(lease: NamedLease): void {
    const found = this.find(lease);
    if (found) this.#put('finished', lease, { ...found, isDone: true });
  }

  protected find(lease: LeaseName): SimulatedLease | undefined {
    return this.database.leases.get(leaseKeyOf(lease));
  }

  protected mayTakeOver({ leaseId, isDone, isExpired }: SimulatedLease, lease: NamedLease, isWaiting: boolean): boolean {
    return (isExpired || isDone || leaseId === lease.leaseId) && !(isWaiting && isDone);
  }

  #seenKey(lease: LeaseName): string {
    return `${this.scheduler.actor} ${leaseKeyOf(lease)}`;
  }

  /**
   * A statement that takes a lease. Its answer may be lost, but it does not land late: a late copy may take a lease once more that its
   * holder has lost or finished.
   */
  #taking(name: string, lease: NamedLease, effect: () => boolean): Promise<boolean> {
    return this.scheduler.step(
      name,
      () => this.#faults.ofWriteInTime(effect),
      () => this.isFree(lease),
    );
  }

  #put(kind: LeaseEntry['kind'], lease: NamedLease, after: SimulatedLease | undefined): void {
    const key = leaseKeyOf(lease);
    this.#note(kind, lease, (after ?? this.database.leases.get(key))?.holder ?? '?');
    if (after) this.database.leases.set(key, after);
    else this.database.leases.delete(key);
  }

  #note(kind: LeaseEntry['kind'], { storageKey, name, leaseId }: NamedLease, actor: string): void {
    this.database.leaseAudit.push({ at: this.scheduler.now, actor, kind, key: storageKey, name, leaseId });
  }
}

function isHeld({ isDone, isExpired }: SimulatedLease): boolean {
  return !isDone && !isExpired;
}

/** Stands for a statement that no interleaving needs. */
export function unused(): never {
  throw new Error('Not simulated.');
}
