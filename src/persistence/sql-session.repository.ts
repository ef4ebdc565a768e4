import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FailureKind } from '../dialects/failure-kind.js';
import { UnclearAnswer, type RunStatement, type StatementResult } from '../dialects/run-statement.js';
import { destroyChosen, pruneExpired } from './bulk-deletion.js';
import { changeParameters } from './change-parameters.js';
import { DatabaseContext } from './database-context.js';
import { datesOf, lifetimeParameters, maxAgeParameter, type ListedTimes } from './expiry.js';
import { leaseAndLoad } from './lease-and-load.js';
import { LockedRecords } from './locked-records.js';
import { NamedLeases } from './named-leases.js';
import { RecordNotifications } from './record-notifications.js';
import { LAYOUT_WITH_LEASES } from '../dialects/table-layout.js';
import { SEEN_CHANGES, WANTED_CHANGES, buildStatements, type SessionStatements } from './session-statements.js';
import {
  SessionRepository,
  type DeletedRecord,
  type KnownRecord,
  type Lifetime,
  type RecordChange,
  type RecordState,
  type RecordUpdate,
  type StoredRecord,
  type SessionSummary,
} from './session.repository.js';
import { byKey, toRecord, toState, type Row } from './stored-row.js';
import { inTransaction } from './transaction.js';
import { UserRows } from './user-rows.js';

/** The repository with hand-written statements, one per operation, on MikroORM's connection. */
@Injectable()
export class SqlSessionRepository extends SessionRepository {
  readonly #context: DatabaseContext;
  readonly #statements: SessionStatements;
  override readonly records: LockedRecords;
  override readonly leases: NamedLeases | undefined;
  override readonly notifications: RecordNotifications | undefined;
  override readonly users: UserRows;
  /** Whether answers to updates of many records say which ones were written. Undefined before the first one. */
  #showsWritten: boolean | undefined;

  constructor(context: DatabaseContext) {
    super();
    this.#context = context;
    this.#statements = buildStatements(context);
    this.leases = context.layout >= LAYOUT_WITH_LEASES ? new NamedLeases(context) : undefined;
    const { notifications } = context.dialect;
    this.notifications = notifications && new RecordNotifications(context, notifications);
    this.users = new UserRows(context);
    this.records = new LockedRecords(context, this.#statements, this.leases);
  }

  override get longestBatch(): number {
    return this.#context.longestBatch;
  }

  override get mostUpdates(): number {
    const { batchesUpdates, dialect } = this.#context;
    return batchesUpdates && this.#showsWritten !== false ? (dialect.mostWanted ?? Infinity) : 1;
  }

  override get comparesData(): boolean {
    return this.#context.batchesUpdates;
  }

  override get isBlocking(): boolean {
    return this.#context.dialect.isBlocking;
  }

  async load(storageKey: string): Promise<StoredRecord | undefined> {
    const { rows } = await this.#context.runner.run(this.#statements.load, [storageKey]);
    return rows[0] && toRecord(rows[0]);
  }

  override async loadMany(storageKeys: readonly string[]): Promise<ReadonlyMap<string, StoredRecord>> {
    const { rows } = await this.#context.runner.run(this.#statements.loadMany(storageKeys.length), storageKeys);
    return byKey(rows);
  }

  override async statesOf(storageKeys: readonly string[]): Promise<readonly RecordState[]> {
    const keys = padded(storageKeys);
    const { rows } = await this.#context.runner.run(this.#statements.statesOf(keys.length), keys);
    return rows.map(toState);
  }

  override async statesOfUsers(userIds: readonly string[]): Promise<readonly RecordState[]> {
    const ids = padded(userIds);
    const { rows } = await this.#context.runner.run(this.#statements.statesOfUsers(ids.length), ids);
    return rows.map(toState);
  }

  insert(storageKey: string, change: RecordChange): Promise<boolean> {
    return this.records.insert(this.#context.runner.run, storageKey, change);
  }

  async update(storageKey: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    const { update, updateLeased } = this.#statements;
    const parameters = [...changeParameters(change), ...this.#knownParameters(storageKey, known)];
    if (change.leaseId === undefined) return this.#changesOne(update, parameters);
    return this.#changesOne(updateLeased, [...parameters, change.leaseId]);
  }

  override async updateAndRelease(storageKey: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    const parameters = [...changeParameters(change), ...this.#knownParameters(storageKey, known), change.leaseId];
    return this.#changesOne(this.#statements.updateAndRelease, parameters);
  }

  override updateMany(updates: readonly RecordUpdate[]): Promise<ReadonlySet<string>> {
    const { dialect, runner } = this.#context;
    const [only] = updates;
    if (only?.seen && updates.length === 1) return this.#updateSeen(only);
    if (!dialect.hidesWritten || this.#showsWritten || updates.length === 1) return this.#updateAll(runner.run, updates);
    // If the answer hides which records were written, none may be.
    return inTransaction(runner, dialect, undefined, (run) => this.#updateAll(run, updates)).catch((error: unknown) => {
      if (error instanceof UnclearAnswer) return new Set<string>();
      throw error;
    });
  }

  /** The statement for one row takes half of the time that the one for many rows takes. */
  async #updateSeen(update: RecordUpdate): Promise<ReadonlySet<string>> {
    const { storageKey, known, change } = update;
    const parameters = [...changeParameters(change), ...this.#knownParameters(storageKey, known), ...this.#seenParameters(update)];
    return new Set((await this.#changesOne(this.#statements.updateSeen, parameters)) ? [storageKey] : []);
  }

  async #updateAll(run: RunStatement, updates: readonly RecordUpdate[]): Promise<ReadonlySet<string>> {
    const { dialect } = this.#context;
    const isSeen = updates.some(({ seen }) => seen);
    const [statement, columns] = isSeen ? [this.#statements.updateSeenMany, SEEN_CHANGES] : [this.#statements.updateMany, WANTED_CHANGES];
    const rows = updates.map((update) => [
      ...changeParameters(update.change),
      ...wantedParameters(update),
      ...(isSeen ? this.#seenParameters(update) : []),
    ]);
    const result = await run(statement(rows.length), dialect.wantedParameters(columns, rows));
    if (result.affected > 0) this.#showsWritten = !dialect.hidesWritten?.(result);
    const isWritten = dialect.writtenOf?.(result, rows.length) ?? areReturned(updates, result);
    return new Set(updates.filter((_update, n) => isWritten[n]).map(({ storageKey }) => storageKey));
  }

  updateLocked(...parameters: Parameters<SessionRepository['updateLocked']>): Promise<StoredRecord | undefined> {
    const { runner, dialect, lockTimeout } = this.#context;
    return inTransaction(runner, dialect, lockTimeout, (run) => this.records.update(run, ...parameters));
  }

  override async settle(): Promise<void> {
    const { runner, dialect } = this.#context;
    if (dialect.settle) await runner.run(dialect.settle);
  }

  async touch(storageKey: string, lifetime: Lifetime): Promise<void> {
    await this.#context.runner.run(this.#statements.touch, [...lifetimeParameters(lifetime), storageKey, maxAgeParameter(lifetime)]);
  }

  override async touchMany(storageKeys: readonly string[], lifetime: Lifetime): Promise<void> {
    const { ms, slack } = lifetime;
    await this.#context.runner.run(this.#statements.touchMany(storageKeys.length), [
      ms,
      ms - slack,
      maxAgeParameter(lifetime),
      ...storageKeys,
    ]);
  }

  async lease(storageKey: string, leaseId: string, ms: number): Promise<boolean> {
    return this.#changesOne(this.#statements.lease, [leaseId, ms, storageKey, leaseId]);
  }

  override leaseAndLoad(...parameters: Parameters<typeof leaseAndLoad>[2]): ReturnType<typeof leaseAndLoad> {
    return leaseAndLoad(this.#context, this.#statements, parameters);
  }

  async extend(storageKey: string, leaseId: string, ms: number): Promise<boolean> {
    return this.#changesOne(this.#statements.extend, [ms, storageKey, leaseId]);
  }

  async release(storageKey: string, leaseId: string): Promise<void> {
    await this.#context.runner.run(this.#statements.release, [storageKey, leaseId]);
  }

  async destroy(storageKey: string): Promise<DeletedRecord | undefined> {
    const { rows, affected } = await this.#context.runner.run(this.#statements.destroy, [storageKey]);
    if (rows[0]) return { storageKey, userId: rows[0].user_id === null ? null : String(rows[0].user_id) };
    return affected === 1 ? { storageKey } : undefined;
  }

  async end(storageKey: string, known: KnownRecord, endId: string): Promise<boolean> {
    return this.#changesOne(this.#statements.end, [endId, ...this.#knownParameters(storageKey, known)]);
  }

  async isEndedBy(storageKey: string, endId: string): Promise<boolean> {
    return (await this.#context.runner.run(this.#statements.isEndedBy, [storageKey, endId])).rows.length === 1;
  }

  async destroyCommitted(storageKey: string, commitId: string | null): Promise<boolean> {
    return this.#changesOne(this.#statements.destroyCommitted, [storageKey, commitId]);
  }

  async removeExpired(storageKey: string): Promise<boolean> {
    return this.#changesOne(this.#statements.removeExpired, [storageKey]);
  }

  prune(limit: number): Promise<readonly DeletedRecord[]> {
    return pruneExpired(this.#context, this.#statements, limit);
  }

  async count(): Promise<number> {
    const { rows } = await this.#context.runner.run(this.#statements.count);
    return Number(rows[0]?.live);
  }

  async all(): Promise<ReadonlyMap<string, StoredRecord>> {
    const { rows } = await this.#context.runner.run(this.#statements.all);
    return byKey(rows);
  }

  async clear(): Promise<void> {
    await this.#context.runner.run(this.#statements.clear);
  }

  async list(userId: string): Promise<SessionSummary[]> {
    const { rows } = await this.#context.runner.run(this.#statements.list, [userId]);
    return rows.map((row) => ({ storageKey: String(row.session_id), userId: String(row.user_id), ...datesOf(row as Row & ListedTimes) }));
  }

  destroySome(userId: string, choose: (storageKeys: readonly string[]) => readonly string[]): Promise<number> {
    return destroyChosen(this.#context, this.#statements, userId, choose);
  }

  classify(error: unknown): FailureKind {
    return this.#context.dialect.classify(error);
  }

  #knownParameters(storageKey: string, { version, commitId }: KnownRecord): unknown[] {
    return this.#context.isVersioned ? [storageKey, version, commitId] : [storageKey, commitId];
  }

  #seenParameters({ seen }: RecordUpdate): unknown[] {
    if (!seen) return [null, null];
    return [this.#context.dialect.hasDigest ? hash('sha256', seen.data) : seen.data, maxAgeParameter(seen)];
  }

  async #changesOne(sql: string, parameters: readonly unknown[]): Promise<boolean> {
    return (await this.#context.runner.run(sql, parameters)).affected === 1;
  }
}

/** Whether each update has written its record: then its commit id is among the returned ones. */
function areReturned(updates: readonly RecordUpdate[], { rows }: StatementResult): readonly boolean[] {
  const returned = new Set(rows.map((row) => row.commit_id));
  return updates.map(({ change }) => returned.has(change.commitId));
}

function wantedParameters({ storageKey, known }: RecordUpdate): unknown[] {
  return [storageKey, known.version, known.commitId];
}

/** Repeats the last key until their number is a power of two, so that polls of any size have few texts of statements. */
function padded(keys: readonly string[]): readonly string[] {
  const size = 2 ** Math.ceil(Math.log2(keys.length));
  return [...keys, ...Array<string>(size - keys.length).fill(keys.at(-1)!)];
}
