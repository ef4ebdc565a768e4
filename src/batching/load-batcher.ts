import { Injectable } from '@nestjs/common';
import { SessionRepository, type StoredRecord } from '../persistence/session.repository.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { SessionObservers } from '../observers/session-observers.js';
import { Batcher, type Batch } from './batcher.js';
import { RetryingRepository } from './retrying-repository.js';

/**
 * Loads the live records of storage keys. While a query is in flight, further loads wait for the next query: see
 * `Batcher`. A load sees every commit that was acknowledged before the load was submitted.
 */
@Injectable()
export class LoadBatcher extends Batcher<void, StoredRecord | undefined> {
  readonly #timeout: number;

  constructor(
    { isBlocking }: SessionRepository,
    private readonly repository: RetryingRepository,
    observers: SessionObservers,
    { maxWaiting, timeout }: SmartSessionOptions,
  ) {
    super({ operation: 'load', kind: 'load', observers, maxWaiting, isBlocking });
    this.#timeout = timeout;
  }

  protected override async send(batch: Batch<void, StoredRecord | undefined>): Promise<void> {
    const [oldest] = batch.values();
    const waited = performance.now() - (oldest?.since ?? 0);
    const timeout = Math.max(1, Math.ceil(this.#timeout - waited));
    try {
      const records = await this.repository.loadMany([...batch.keys()], { timeout });
      for (const [key, { resolve }] of batch) resolve(records.get(key));
    } catch (error) {
      for (const { reject } of batch.values()) reject(error);
    }
  }
}
