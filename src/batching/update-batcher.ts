import { Injectable } from '@nestjs/common';
import { SessionRepository, type RecordUpdate } from '../persistence/session.repository.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { Deadline } from './deadline.js';
import { Batcher, type Batch, type PendingItem } from './batcher.js';
import { SessionObservers } from '../observers/session-observers.js';

/** An update, and whether anybody still waits for it. */
interface Wanted extends RecordUpdate {
  readonly deadline: Deadline;
}

type Wait = PendingItem<Wanted, boolean>;

/**
 * Joins the updates of different sessions into one statement, each with its own version check: a conflict,
 * or a row that the database refuses, is a matter of its own update.
 */
@Injectable()
export class UpdateBatcher {
  readonly #batcher: Batcher<Wanted, boolean>;

  constructor(
    private readonly repository: SessionRepository,
    { work }: SessionObservers,
    { maxWaiting }: SmartSessionOptions,
  ) {
    this.#batcher = new Batcher({
      operation: 'commit',
      kind: 'update',
      work,
      maxWaiting,
      isBlocking: repository.isBlocking,
      sizeOf: ({ change }) => change.data.length,
      largestSize: repository.longestBatch,
      send: (batch) => this.#send(batch),
    });
  }

  /**
   * Updates a record, as `SessionRepository.update` does, alone or with others.
   *
   * @param deadline once it has passed, the update is not sent any more
   * @throws SessionUnavailableError when too many wait, and the driver's own errors
   */
  async update(update: RecordUpdate, deadline: Deadline): Promise<boolean> {
    return this.#goesAlone(update) ? this.#updateOne(update) : this.#batcher.ask(update.storageKey, { ...update, deadline });
  }

  /** A record stands once in a statement, and a lease is a condition of its own. */
  #goesAlone({ storageKey, change }: RecordUpdate): boolean {
    return !this.repository.updateMany || change.leaseId !== undefined || this.#batcher.has(storageKey);
  }

  #updateOne({ storageKey, known, change }: RecordUpdate): Promise<boolean> {
    return this.repository.update(storageKey, known, change);
  }

  async #send(batch: Batch<Wanted, boolean>): Promise<void> {
    const wanted = inTime([...batch.values()]);
    if (wanted.length < 2) await this.#sendApart(wanted);
    else await this.#sendTogether(wanted);
  }

  async #sendTogether(wanted: readonly Wait[]): Promise<void> {
    try {
      const written = await this.repository.updateMany!(wanted.map(({ item }) => item));
      for (const { item, resolve } of wanted) resolve(written.has(item.storageKey));
    } catch (error) {
      // Nothing was written, and the next attempt would meet the same: it may be one row's fault.
      if (this.repository.classify(error) === 'failed') return this.#sendApart(inTime(wanted));
      for (const { reject } of wanted) reject(error);
    }
  }

  async #sendApart(wanted: readonly Wait[]): Promise<void> {
    await Promise.all(wanted.map(({ item, resolve, reject }) => this.#updateOne(item).then(resolve, reject)));
  }
}

/** Those who still wait: who has been told that it took too long must not take effect any more. */
function inTime(wanted: readonly Wait[]): Wait[] {
  return wanted.filter(({ item: { deadline }, reject }) => {
    if (deadline.reason) reject(deadline.reason);
    return deadline.reason === undefined;
  });
}
