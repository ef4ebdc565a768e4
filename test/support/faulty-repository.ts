import {
  SqlSessionRepository,
  type DeletedRecord,
  type FailureKind,
  type KnownRecord,
  type RecordChange,
  type RecordUpdate,
  type StoredRecord,
} from '../../src/index.js';

type Method =
  | 'load'
  | 'loadMany'
  | 'insert'
  | 'update'
  | 'updateMany'
  | 'updateAndRelease'
  | 'updateLocked'
  | 'touch'
  | 'touchMany'
  | 'destroy'
  | 'end'
  | 'settle'
  | 'removeExpired'
  | 'destroySome'
  | 'lease'
  | 'extend'
  | 'release';

/** A failure of a call, and whether the call took effect before it. */
export interface Fault {
  readonly kind?: FailureKind;
  /** The driver's error, instead of a kind of error. */
  readonly error?: unknown;
  readonly effect: 'done' | 'none';
  /** The action of another process in between. */
  readonly meanwhile?: () => Promise<unknown>;
}

/** The connection is lost after the call took effect. */
export const LOST_AFTER: Fault = { kind: 'unknown', effect: 'done' };
/** The connection is lost before the call took effect. */
export const LOST_BEFORE: Fault = { kind: 'unknown', effect: 'none' };
/** The database undoes the call, and another attempt may succeed. */
export const ROLLED_BACK: Fault = { kind: 'rolled-back', effect: 'none' };
/** The call fails, and another attempt would fail too. */
export const FAILED: Fault = { kind: 'failed', effect: 'none' };

class FaultError extends Error {
  constructor(readonly kind: FailureKind) {
    super(`injected: ${kind}`);
  }
}

/** A repository with real statements on a real database, and with faults that a test chooses. */
export class FaultyRepository extends SqlSessionRepository {
  /** The faults of the next calls, by method. `undefined` lets a call pass. */
  faults: Partial<Record<Method, (Fault | undefined)[]>> = {};
  readonly calls: Method[] = [];
  /** Whether commits with pessimistic locking lock the row at once, instead of comparing its data first. */
  locksFirst = false;
  /** The number of keys in each statement for many. */
  readonly batches: number[] = [];

  override get comparesData(): boolean {
    return !this.locksFirst && super.comparesData;
  }
  override load(key: string): Promise<StoredRecord | undefined> {
    return this.#run('load', () => super.load(key));
  }
  override loadMany(keys: readonly string[]): Promise<ReadonlyMap<string, StoredRecord>> {
    this.batches.push(keys.length);
    return this.#run('loadMany', () => super.loadMany(keys));
  }
  /** Has the faults of `load`, because it looks at a record in the same way. */
  override loadLocked(key: string): Promise<StoredRecord | undefined> {
    return this.#run('load', () => super.updateLocked(key, () => undefined));
  }
  override settle(): Promise<void> {
    return this.#run('settle', () => super.settle());
  }
  override insert(key: string, change: RecordChange): Promise<boolean> {
    return this.#run('insert', () => super.insert(key, change));
  }
  override update(key: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    return this.#run('update', () => super.update(key, known, change));
  }
  override updateAndRelease(key: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    return this.#run('updateAndRelease', () => super.updateAndRelease(key, known, change));
  }
  override updateMany(updates: readonly RecordUpdate[]): Promise<ReadonlySet<string>> {
    this.batches.push(updates.length);
    return this.#run('updateMany', () => super.updateMany(updates));
  }
  override updateLocked(...parameters: Parameters<SqlSessionRepository['updateLocked']>): Promise<StoredRecord | undefined> {
    return this.#run('updateLocked', () => super.updateLocked(...parameters));
  }
  override touch(...parameters: Parameters<SqlSessionRepository['touch']>): Promise<void> {
    return this.#run('touch', () => super.touch(...parameters));
  }
  override touchMany(...parameters: Parameters<SqlSessionRepository['touchMany']>): Promise<void> {
    this.batches.push(parameters[0].length);
    return this.#run('touchMany', () => super.touchMany(...parameters));
  }
  override destroy(key: string): Promise<DeletedRecord | undefined> {
    return this.#run('destroy', () => super.destroy(key));
  }
  override end(...parameters: Parameters<SqlSessionRepository['end']>): Promise<boolean> {
    return this.#run('end', () => super.end(...parameters));
  }
  override removeExpired(key: string): Promise<boolean> {
    return this.#run('removeExpired', () => super.removeExpired(key));
  }
  override destroySome(...parameters: Parameters<SqlSessionRepository['destroySome']>): Promise<number> {
    return this.#run('destroySome', () => super.destroySome(...parameters));
  }
  override leaseAndLoad(...parameters: Parameters<SqlSessionRepository['leaseAndLoad']>): ReturnType<SqlSessionRepository['leaseAndLoad']> {
    return this.#run('lease', () => super.leaseAndLoad(...parameters));
  }
  override extend(...parameters: Parameters<SqlSessionRepository['extend']>): Promise<boolean> {
    return this.#run('extend', () => super.extend(...parameters));
  }
  override release(...parameters: Parameters<SqlSessionRepository['release']>): Promise<void> {
    return this.#run('release', () => super.release(...parameters));
  }
  override classify(error: unknown): FailureKind {
    return error instanceof FaultError ? error.kind : super.classify(error);
  }

  async #run<Result>(method: Method, call: () => Promise<Result>): Promise<Result> {
    this.calls.push(method);
    const fault = this.faults[method]?.shift();
    if (!fault) return call();
    const done = fault.effect === 'done' ? await call() : undefined;
    await fault.meanwhile?.();
    if (fault.error !== undefined) throw fault.error;
    if (!fault.kind) return fault.effect === 'done' ? (done as Result) : call();
    throw new FaultError(fault.kind);
  }
}
