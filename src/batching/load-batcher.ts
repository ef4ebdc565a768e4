import { Injectable } from '@nestjs/common';
import { SessionRepository, type StoredRecord } from '../persistence/session.repository.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { Batcher, type Batch } from './batcher.js';
import { RepositoryCaller } from './repository-caller.js';
import { SessionObservers } from '../observers/session-observers.js';

type Loads = Batch<undefined, StoredRecord | undefined>;

/**
 * Joins loads. A load joins only a query that is sent after it was asked for, so that it sees what was
 * answered before.
 */
@Injectable()
export class LoadBatcher {
  readonly #batcher: Batcher<undefined, StoredRecord | undefined>;

  constructor(
    { isBlocking }: SessionRepository,
    private readonly caller: RepositoryCaller,
    { work }: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {
    this.#batcher = new Batcher({
      operation: 'load',
      kind: 'load',
      work,
      maxWaiting: options.maxWaiting,
      isBlocking,
      send: (batch) => this.#send(batch),
    });
  }

  /**
   * The live record of a storage key.
   *
   * @throws SessionUnavailableError when the query failed or took too long, or when too many wait
   */
  async load(storageKey: string): Promise<StoredRecord | undefined> {
    return this.#batcher.ask(storageKey, undefined);
  }

  async #send(batch: Loads): Promise<void> {
    const [oldest] = batch.values();
    const waited = performance.now() - (oldest?.since ?? 0);
    const left = Math.max(1, Math.ceil(this.options.timeout - waited));
    try {
      const records = await this.caller.ask('load', (repository) => loadAll(repository, [...batch.keys()]), left);
      for (const [key, { resolve }] of batch) resolve(records.get(key));
    } catch (error) {
      for (const { reject } of batch.values()) reject(error);
    }
  }
}

async function loadAll(repository: SessionRepository, keys: readonly string[]): Promise<ReadonlyMap<string, StoredRecord | undefined>> {
  const [first] = keys;
  return keys.length === 1 && first !== undefined ? new Map([[first, await repository.load(first)]]) : repository.loadMany(keys);
}
