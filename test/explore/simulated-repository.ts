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
import type { Scheduler } from './scheduler.js';

export interface Row extends Omit<StoredRecord, 'remaining'> {
  readonly userId?: string | null;
  readonly expiresAt: number;
}

/** What happened to a row, in the order in which it happened: the truth against which histories are checked. */
export interface AuditEntry {
  readonly at: number;
  readonly actor: string;
  readonly kind: 'insert' | 'update' | 'touch' | 'end' | 'delete';
  readonly key: string;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
  /** The database's clock, in ms. */
  readonly clock: number;
}

/** What a load gave. */
export interface LoadEntry {
  readonly at: number;
  readonly actor: string;
  readonly key: string;
  readonly row: Row | undefined;
  readonly record: StoredRecord | undefined;
  readonly clock: number;
}

export class LostConnection extends Error {}

/** A database in memory: what its rows hold, who holds their locks, and what has happened. */
export class SimulatedDatabase {
  readonly rows = new Map<string, Row>();
  readonly locks = new Map<string, string>();
  readonly audit: AuditEntry[] = [];
  readonly loads: LoadEntry[] = [];
  /** When a row was deleted or expired, by key. */
  readonly ended = new Map<string, number>();
  clock = 0;
  /** How many connections may still be lost. */
  faults = 0;
  /** What a query has read takes a step of its own to arrive. */
  isSlow = false;
  /** The connection of a query may be lost too. */
  losesQueries = false;
  /** A query takes no step: what is loaded before the history begins. */
  isInstant = false;

  /** Lets time pass. */
  pass(ms: number, at: number): void {
    this.clock += ms;
    for (const [key, { expiresAt }] of this.rows) if (expiresAt <= this.clock) this.end(key, at);
  }

  /** Writes values into a row as a program does that does not know the version. */
  overwrite(key: string, values: object): void {
    const row = this.rows.get(key);
    if (row) this.rows.set(key, { ...row, data: JSON.stringify({ ...(JSON.parse(row.data) as object), ...values }) });
  }

  end(key: string, at: number): void {
    if (!this.ended.has(key)) this.ended.set(key, at);
  }
}

/** A repository on a simulated database: each step of I/O happens when the scheduler says so. */
export class SimulatedRepository extends SessionRepository {
  constructor(
    protected readonly database: SimulatedDatabase,
    protected readonly scheduler: Scheduler,
  ) {
    super();
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
    return this.scheduler.step(`update ${updates.length}`, () => this.withFaults(updateAll, () => true));
  }

  protected updateFree({ storageKey, known, change, seen }: RecordUpdate): boolean {
    const row = this.liveRow(storageKey);
    if (!row || !this.isAsKnown(row, known) || this.database.locks.has(storageKey)) return false;
    if (seen && !this.isAsSeen(row, seen)) return false;
    this.put('update', storageKey, this.updated(row, change));
    return true;
  }

  async updateLocked(key: string, decide: (current: StoredRecord) => RecordChange | undefined): Promise<StoredRecord | undefined> {
    const { scheduler, database } = this;
    const { actor } = scheduler;
    const isFree = () => !database.locks.has(key);
    const record = await scheduler.step('lock', () => [() => (database.locks.set(key, actor), this.read(key))], isFree);
    let change: RecordChange | undefined;
    try {
      change = record && decide(record);
    } catch (error) {
      this.unlock(key);
      throw error;
    }
    if (!change) return (this.unlock(key), record);
    const write = change;
    const writeAndUnlock = () => {
      const row = this.liveRow(key);
      if (row) this.put('update', key, this.updated(row, write));
      this.unlock(key);
      return row && record;
    };
    return scheduler.step('write and unlock', () =>
      this.withFaults(
        writeAndUnlock,
        () => true,
        () => this.unlock(key),
      ),
    );
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
    return error instanceof LostConnection ? 'unknown' : 'failed';
  }

  list(userId: string): Promise<SessionSummary[]> {
    const [createdAt, updatedAt, expiresAt] = [new Date(0), new Date(0), new Date(0)];
    return this.querying(() => this.ofUser(userId).map((storageKey) => ({ storageKey, userId, createdAt, updatedAt, expiresAt })));
  }

  async destroySome(userId: string, choose: (keys: readonly string[]) => readonly string[]): Promise<number> {
    const { scheduler, database } = this;
    const isFree = () => this.ofUser(userId).every((key) => !database.locks.has(key));
    const lockAll = () => this.ofUser(userId).map((key) => (database.locks.set(key, scheduler.actor), key));
    const keys = await scheduler.step('lock all', () => this.withLoss(lockAll), isFree);
    const unlockAll = () => keys.forEach((key) => this.unlock(key));
    const chosen = choose(keys);
    if (chosen.length === 0) return (unlockAll(), 0);
    const removeAndUnlock = () => {
      for (const key of chosen) this.remove(key);
      unlockAll();
      return chosen.length;
    };
    return scheduler.step(`destroy ${chosen.length} and unlock`, () => this.withFaults(removeAndUnlock, () => true, unlockAll));
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
    const result = await this.scheduler.step('load', () => (this.database.losesQueries ? this.withLoss(read) : [read]));
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
    return this.scheduler.step(name, () => this.withFaults(effect, isFree), isFree);
  }

  /** What may happen to a statement that writes nothing: its answer, or none. */
  private withLoss<Result>(read: () => Result): (() => Result)[] {
    if (this.database.faults === 0) return [read];
    return [
      read,
      () => {
        this.database.faults--;
        throw new LostConnection();
      },
    ];
  }

  /** What may happen: the effect, or a lost connection instead of it, after it, or before it, which then comes at any later time. */
  protected withFaults<Result>(effect: () => Result, isEnabled: () => boolean, undo: () => void = () => {}): (() => Result)[] {
    if (this.database.faults === 0) return [effect];
    const lose = (meanwhile: () => unknown) => () => {
      this.database.faults--;
      meanwhile();
      throw new LostConnection();
    };
    const later = () => void this.scheduler.step('lands late', () => [effect], isEnabled);
    return [effect, lose(undo), lose(effect), lose(later)];
  }

  protected read(key: string): StoredRecord | undefined {
    const row = this.liveRow(key);
    return row && { ...row, remaining: row.expiresAt - this.database.clock };
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

function unused(): never {
  throw new Error('Not simulated.');
}
