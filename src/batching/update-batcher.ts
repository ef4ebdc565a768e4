import { Injectable } from '@nestjs/common';
import { SessionRepository, type RecordUpdate } from '../persistence/session.repository.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { SessionObservers } from '../observers/session-observers.js';
import { Batcher, type Batch, type PendingItem } from './batcher.js';
import type { Deadline } from './deadline.js';

/** An update that is no longer sent once its deadline has passed. */
export interface TimedUpdate extends RecordUpdate {
  readonly deadline: Deadline;
  /** Whether the lease of the change is released in the same statement. The repository must have `updateAndRelease`. */
  readonly releasesLease?: boolean;
}

type PendingUpdate = PendingItem<TimedUpdate, boolean>;

/**
 * Updates records, as `SessionRepository.update` does. The updates of different sessions share a statement, each with
 * its own version check: a conflict, or a row that the database refuses, concerns only its own update.
 */
@Injectable()
export class UpdateBatcher extends Batcher<TimedUpdate, boolean> {
  constructor(
    private readonly repository: SessionRepository,
    observers: SessionObservers,
    { maxWaiting }: SmartSessionOptions,
  ) {
    super({
      operation: 'commit',
      kind: 'update',
      observers,
      maxWaiting,
      isBlocking: repository.isBlocking,
      largestSize: repository.longestBatch,
      mostKeys: repository.mostUpdates,
    });
  }

  protected override sizeOf({ change }: TimedUpdate): number {
    return change.data.length;
  }

  /**
   * An update is sent alone if it needs a lease, or if another update of its record waits: the batch statement supports
   * neither.
   */
  protected override sendAlone(key: string, update: TimedUpdate): Promise<boolean> | undefined {
    const { updateMany, mostUpdates } = this.repository;
    const mayWait = updateMany && mostUpdates > 1 && update.change.leaseId === undefined && !this.has(key);
    return mayWait ? undefined : this.#sendOne(update);
  }

  protected override async send(batch: Batch<TimedUpdate, boolean>): Promise<void> {
    const updates = inTime([...batch.values()]);
    if (updates.length < 2 || this.repository.mostUpdates < 2) await this.#sendApart(updates);
    else await this.#sendTogether(updates);
  }

  async #sendTogether(updates: readonly PendingUpdate[]): Promise<void> {
    try {
      const written = await this.repository.updateMany!(updates.map(({ item }) => item));
      for (const { item, resolve } of updates) resolve(written.has(item.storageKey));
    } catch (error) {
      // Nothing was written, and another attempt would fail the same way. One row may be the reason.
      if (this.repository.classify(error) === 'failed') return this.#sendApart(inTime(updates));
      for (const { reject } of updates) reject(error);
    }
  }

  async #sendApart(updates: readonly PendingUpdate[]): Promise<void> {
    await Promise.all(updates.map(({ item, resolve, reject }) => this.#sendOne(item).then(resolve, reject)));
  }

  async #sendOne(update: TimedUpdate): Promise<boolean> {
    const { storageKey, known, change, seen, releasesLease } = update;
    if (releasesLease) return this.repository.updateAndRelease!(storageKey, known, change);
    return seen ? (await this.repository.updateMany!([update])).size === 1 : this.repository.update(storageKey, known, change);
  }
}

/** Rejects the updates whose deadline has passed, because their callers already have an error. Returns the others. */
function inTime(updates: readonly PendingUpdate[]): PendingUpdate[] {
  return updates.filter(({ item: { deadline }, reject }) => {
    if (deadline.reason) reject(deadline.reason);
    return deadline.reason === undefined;
  });
}
