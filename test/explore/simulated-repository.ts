import {
  SessionRepository,
  type DeletedRecord,
  type FailureKind,
  type KnownRecord,
  type Lifetime,
  type RecordChange,
  type RecordUpdate,
  type SeenRecord,
  type StoredRecord,
  type SessionSummary,
} from '../../src/index.js';
import type { LockedRecords } from '../../src/persistence/locked-records.js';
import type { NamedLease, NamedLeases } from '../../src/persistence/named-leases.js';
import type { Scheduler } from './scheduler.js';
import { LostAppConnection, LostConnection, RolledBack, type AuditEntry, type Row, type SimulatedDatabase } from './simulated-database.js';
import { SimulatedFaults } from './simulated-faults.js';
import { SimulatedRecords, type RowAccess } from './simulated-records.js';
import { SimulatedLeases, unused } from './simulated-leases.js';

/** A repository on a simulated database: each step of I/O happens when the scheduler says so. */
export class SimulatedRepository extends SessionRepository {
  override readonly leases: NamedLeases;
  override readonly records: LockedRecords;
  readonly #leases: SimulatedLeases;
  readonly #faults: SimulatedFaults;

  constructor(
    protected readonly database: SimulatedDatabase,
    protected readonly scheduler: Scheduler,
    leases = new SimulatedLeases(database, scheduler),
  ) {
    super();
    this.#leases = leases;
    this.leases = leases as unknown as NamedLeases;
    this.records = this.makeRecords(leases) as unknown as LockedRecords;
    this.#faults = new SimulatedFaults(database, scheduler);
  }

  /** Makes the statements of transactions. */
  protected makeRecords(leases: SimulatedLeases): SimulatedRecords {
    return new SimulatedRecords(this.database, leases, this.rowAccess);
  }

  /** The parts that they need. */
  protected get rowAccess(): RowAccess {
    return {
      liveRow: (key) => this.liveRow(key),
      recordOf: (row) => this.recordOf(row),
      updated: (row, change) => this.updated(row, change),
      put: (key, row) => this.put('update', key, row),
    };
  }

  load(key: string): Promise<StoredRecord | undefined> {
    return this.querying(() => this.look(key));
  }

  override loadMany(keys: readonly string[]): Promise<ReadonlyMap<string, StoredRecord>> {
    const entries = () => keys.map((key) => [key, this.look(key)] as const);
    return this.querying(() => new Map(entries().filter((entry): entry is [string, StoredRecord] => entry[1] !== undefined)));
  }

  insert(key: string, change: RecordChange): Promise<boolean> {
    return this.writing('insert', key, () => {
      if (this.database.rows.has(key)) return false;
      this.put('insert', key, { ...this.content(change), version: 0, leaseId: null, expiresAt: this.database.clock + change.lifetime.ms });
      return true;
    });
  }

  update(key: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    return this.writing('update', key, () => {
      const row = this.liveRow(key);
      if (!row || !this.isAsKnown(row, known)) return false;
      this.put('update', key, this.updated(row, change));
      return true;
    });
  }

  override get comparesData(): boolean {
    return true;
  }

  /** Passes over what is locked, and so waits for nobody. */
  override updateMany(updates: readonly RecordUpdate[]): Promise<ReadonlySet<string>> {
    const updateAll = () => new Set(updates.filter((update) => this.updateFree(update)).map(({ storageKey }) => storageKey));
    return this.scheduler.step(`update ${updates.length}`, () => this.#faults.ofWrite(updateAll, () => true));
  }

  protected updateFree({ storageKey, known, change, seen }: RecordUpdate): boolean {
    const row = this.liveRow(storageKey);
    if (!row || !this.isAsKnown(row, known) || this.database.locks.has(storageKey)) return false;
    if (seen && !this.isAsSeen(row, seen)) return false;
    this.put('update', storageKey, this.updated(row, change));
    return true;
  }

  async updateLocked(...[key, decide, fence]: Parameters<SessionRepository['updateLocked']>): Promise<StoredRecord | undefined> {
    const { scheduler, database } = this;
    const { actor } = scheduler;
    const isFree = () => !database.locks.has(key);
    const { locked, lost } = await this.lockLeases(fence?.held ?? []);
    const unlock = () => {
      this.unlock(key);
      this.#leases.unlock(locked);
    };
    const record = await scheduler.step('lock', () => [() => (database.locks.set(key, actor), this.read(key))], isFree);
    let change: RecordChange | undefined;
    try {
      change = record && decide(record, lost);
    } catch (error) {
      unlock();
      throw error;
    }
    const finished = record && !lost ? fence?.finished : undefined;
    if (!change && !finished) return (unlock(), record);
    const writeAndUnlock = () => {
      const row = this.liveRow(key);
      if (row && change) this.put('update', key, this.updated(row, change));
      if (finished) this.#leases.finish(finished);
      unlock();
      return change && !row ? undefined : record;
    };
    const outcomes = () => this.#faults.ofWrite(writeAndUnlock, () => true, unlock);
    return scheduler.step('write and unlock', outcomes);
  }

  /** Locks the rows of leases, up to the first that another has taken. */
  protected async lockLeases(held: readonly NamedLease[]): Promise<{ locked: readonly NamedLease[]; lost: NamedLease | undefined }> {
    const locked: NamedLease[] = [];
    for (const lease of held) {
      if (!(await this.#leases.lock(lease))) return { locked, lost: lease };
      locked.push(lease);
    }
    return { locked, lost: undefined };
  }

  touch(key: string, lifetime: Lifetime): Promise<void> {
    return this.writing('touch', key, () => {
      const row = this.liveRow(key);
      const isReckoned = lifetime.maxAge === undefined || lifetime.maxAge === row?.maxAge;
      if (row && isReckoned) this.put('touch', key, { ...row, expiresAt: this.moved(row, lifetime) });
    });
  }

  destroy(key: string): Promise<DeletedRecord | undefined> {
    return this.writing('destroy', key, () => {
      const wasThere = this.database.rows.has(key);
      this.remove(key);
      return wasThere ? { storageKey: key } : undefined;
    });
  }

  end(key: string, known: KnownRecord, endId: string): Promise<boolean> {
    return this.writing('end', key, () => {
      const row = this.liveRow(key);
      if (!row || !this.isAsKnown(row, known)) return false;
      this.put('end', key, { ...row, data: '{}', userId: null, commitId: endId, version: row.version + 1, expiresAt: 0 });
      this.database.end(key, this.scheduler.now);
      return true;
    });
  }

  isEndedBy(key: string, endId: string): Promise<boolean> {
    return this.querying(() => this.database.rows.get(key)?.commitId === endId);
  }

  destroyCommitted(key: string, commitId: string | null): Promise<boolean> {
    return this.writing('destroy', key, () => {
      const isAsCommitted = this.liveRow(key)?.commitId === commitId;
      if (isAsCommitted) this.remove(key);
      return isAsCommitted;
    });
  }

  removeExpired(key: string): Promise<boolean> {
    return this.writing('remove expired', key, () => {
      const isExpired = this.database.rows.has(key) && !this.liveRow(key);
      if (isExpired) this.remove(key);
      return isExpired;
    });
  }

  classify(error: unknown): FailureKind {
    if (error instanceof RolledBack) return 'rolled-back';
    return error instanceof LostConnection || error instanceof LostAppConnection ? 'unknown' : 'failed';
  }

  list(userId: string): Promise<SessionSummary[]> {
    const [createdAt, updatedAt, expiresAt] = [new Date(0), new Date(0), new Date(0)];
    return this.querying(() => this.ofUser(userId).map((storageKey) => ({ storageKey, userId, createdAt, updatedAt, expiresAt })));
  }

  async destroySome(userId: string, choose: (keys: readonly string[]) => readonly string[]): Promise<number> {
    const { scheduler, database } = this;
    const isFree = () => this.ofUser(userId).every((key) => !database.locks.has(key));
    const lockAll = () => this.ofUser(userId).map((key) => (database.locks.set(key, scheduler.actor), key));
    const keys = await scheduler.step('lock all', () => this.#faults.ofQuery(lockAll), isFree);
    const unlockAll = () => keys.forEach((key) => this.unlock(key));
    const chosen = choose(keys);
    if (chosen.length === 0) return (unlockAll(), 0);
    const removeAndUnlock = () => {
      for (const key of chosen) this.remove(key);
      unlockAll();
      return chosen.length;
    };
    return scheduler.step(`destroy ${chosen.length} and unlock`, () => this.#faults.ofWrite(removeAndUnlock, () => true, unlockAll));
  }

  lease = unused;
  extend = unused;
  release = unused;
  prune = unused;
  count = unused;
  all = unused;
  clear = unused;

  private async querying<Result>(read: () => Result): Promise<Result> {
    if (this.database.isInstant) return read();
    const result = await this.scheduler.step('load', () => (this.database.losesQueries ? this.#faults.ofQuery(read) : [read]));
    if (this.database.isSlow) await this.scheduler.step('rows arrive', () => [() => undefined]);
    return result;
  }

  private look(key: string): StoredRecord | undefined {
    const record = this.read(key);
    const { clock } = this.database;
    this.database.loads.push({ at: this.scheduler.now, actor: this.scheduler.actor, key, row: this.database.rows.get(key), record, clock });
    return record;
  }

  /** One statement: it waits for the row's lock, and its connection may be lost. */
  protected writing<Result>(name: string, key: string, effect: () => Result): Promise<Result> {
    const isFree = () => !this.database.locks.has(key);
    return this.scheduler.step(name, () => this.#faults.ofWrite(effect, isFree), isFree);
  }

  protected read(key: string): StoredRecord | undefined {
    const row = this.liveRow(key);
    return row && this.recordOf(row);
  }

  protected recordOf(row: Row): StoredRecord {
    return { ...row, remaining: row.expiresAt - this.database.clock };
  }

  protected liveRow(key: string): Row | undefined {
    const row = this.database.rows.get(key);
    return row && row.expiresAt > this.database.clock ? row : undefined;
  }

  protected isAsKnown(row: Row, { version, commitId }: KnownRecord): boolean {
    return row.version === version && row.commitId === commitId;
  }

  protected isAsSeen(row: Row, { data, maxAge }: SeenRecord): boolean {
    return row.data === data && row.maxAge === maxAge;
  }

  protected updated(row: Row, change: RecordChange): Row {
    return { ...row, ...this.content(change), version: row.version + 1, expiresAt: this.moved(row, change.lifetime) };
  }

  protected content({ data, commitId, maxAge, userId }: RecordChange) {
    return { data, commitId, maxAge, userId };
  }

  /** The live sessions of a user, the newest first. */
  private ofUser(userId: string): string[] {
    return [...this.database.rows.keys()].filter((key) => this.liveRow(key)?.userId === userId).toReversed();
  }

  protected moved({ expiresAt }: Row, { ms, slack, explicit }: Lifetime): number {
    const { clock } = this.database;
    return explicit || expiresAt < clock + ms - slack ? clock + ms : expiresAt;
  }

  protected put(kind: AuditEntry['kind'], key: string, after: Row): void {
    this.record(kind, key, after);
    this.database.rows.set(key, after);
  }

  protected unlock(key: string): void {
    this.database.locks.delete(key);
  }

  protected remove(key: string): void {
    if (!this.database.rows.has(key)) return;
    this.record('delete', key, undefined);
    this.database.end(key, this.scheduler.now);
    this.database.rows.delete(key);
  }

  private record(kind: AuditEntry['kind'], key: string, after: Row | undefined): void {
    const { rows, audit, clock } = this.database;
    audit.push({ at: this.scheduler.now, actor: this.scheduler.actor, kind, key, before: rows.get(key), after, clock });
  }
}
