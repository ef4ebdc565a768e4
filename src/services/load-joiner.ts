import { Injectable } from '@nestjs/common';
import type { SessionRecord, SessionRepository } from '../persistence/session.repository.js';
import { SessionUnavailableError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../smart-session.options.js';
import { withDeadline } from './deadline.js';
import { RepositoryCaller } from './repository-caller.js';

/** A load that waits for its query to be sent, for everybody who asked for the same key by then. */
interface Waiting {
  readonly promise: Promise<SessionRecord | undefined>;
  resolve(record: SessionRecord | undefined): void;
  reject(error: unknown): void;
}

/** So many keys go in one query. */
const LARGEST_BATCH = 100;

/** A query that takes longer holds up no other, in ms. */
const PATIENCE = 50;

/**
 * Joins loads: while a query is under way those that come wait, and go out together as one. A load joins
 * only a query that is sent after it was asked for, so that it sees what was answered before. With nothing
 * under way it leaves at once.
 */
@Injectable()
export class LoadJoiner {
  readonly #waiting = new Map<string, Waiting>();
  #isUnderWay = false;

  constructor(
    private readonly caller: RepositoryCaller,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * The live record of a storage key.
   *
   * @throws SessionUnavailableError when the query failed or took too long, or when too many wait
   */
  load(storageKey: string): Promise<SessionRecord | undefined> {
    return withDeadline('load', this.options.timeout, () => {
      const waiting = this.#waiting.get(storageKey) ?? this.#wait(storageKey);
      if (!this.#isUnderWay) this.#send();
      return waiting.promise;
    });
  }

  #wait(storageKey: string): Waiting {
    const { maxWaiting } = this.options;
    if (this.#waiting.size >= maxWaiting) throw new SessionUnavailableError('load', `${maxWaiting} others are waiting already.`);
    let settle!: Pick<Waiting, 'resolve' | 'reject'>;
    const promise = new Promise<SessionRecord | undefined>((resolve, reject) => (settle = { resolve, reject }));
    const waiting = { promise, ...settle };
    this.#waiting.set(storageKey, waiting);
    return waiting;
  }

  #send(): void {
    const batch = new Map([...this.#waiting].slice(0, LARGEST_BATCH));
    for (const key of batch.keys()) this.#waiting.delete(key);
    this.#isUnderWay = true;
    let isLeft = false;
    const leave = () => {
      if (isLeft) return;
      isLeft = true;
      this.#isUnderWay = false;
      if (this.#waiting.size > 0) this.#send();
    };
    const impatience = setTimeout(leave, PATIENCE).unref();
    void this.#ask(batch).finally(() => {
      clearTimeout(impatience);
      leave();
    });
  }

  async #ask(batch: ReadonlyMap<string, Waiting>): Promise<void> {
    try {
      const records = await this.caller.ask('load', (repository) => loadAll(repository, [...batch.keys()]));
      for (const [key, { resolve }] of batch) resolve(records.get(key));
    } catch (error) {
      for (const { reject } of batch.values()) reject(error);
    }
  }
}

async function loadAll(repository: SessionRepository, keys: readonly string[]): Promise<ReadonlyMap<string, SessionRecord | undefined>> {
  const [first] = keys;
  return keys.length === 1 && first !== undefined ? new Map([[first, await repository.load(first)]]) : repository.loadMany(keys);
}
