import { Injectable } from '@nestjs/common';
import { SessionRepository, type Lifetime } from '../persistence/session.repository.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { Batcher, type Batch, type PendingItem } from './batcher.js';
import { RepositoryCaller } from './repository-caller.js';
import { SessionObservers } from '../observers/session-observers.js';

type Touch = readonly [storageKey: string, waiting: PendingItem<Lifetime, void>];

/** Joins touches: those of one lifetime that wait go out as one statement, each session once. */
@Injectable()
export class TouchBatcher {
  readonly #batcher: Batcher<Lifetime, void>;

  constructor(
    { isBlocking }: SessionRepository,
    private readonly caller: RepositoryCaller,
    { work }: SessionObservers,
    { maxWaiting }: SmartSessionOptions,
  ) {
    this.#batcher = new Batcher({ operation: 'touch', kind: 'touch', work, maxWaiting, isBlocking, send: (batch) => this.#send(batch) });
  }

  /**
   * Moves a record's expiry: forward alone or with others, and backwards, where that is explicit, alone.
   *
   * @throws SessionUnavailableError
   */
  async touch(storageKey: string, lifetime: Lifetime): Promise<void> {
    if (lifetime.explicit) return this.caller.ask('touch', (repository) => repository.touch(storageKey, lifetime));
    return this.#batcher.ask(storageKey, lifetime);
  }

  async #send(batch: Batch<Lifetime, void>): Promise<void> {
    await Promise.all(byLifetime(batch).map((touches) => this.#touchAll(touches)));
  }

  async #touchAll(touches: readonly Touch[]): Promise<void> {
    const keys = touches.map(([key]) => key);
    const { item: lifetime } = touches[0]![1];
    try {
      await this.caller.ask('touch', (repository) => touchAll(repository, keys, lifetime));
      for (const [, { resolve }] of touches) resolve();
    } catch (error) {
      for (const [, { reject }] of touches) reject(error);
    }
  }
}

function byLifetime(batch: Iterable<Touch>): Touch[][] {
  const groups = new Map<string, Touch[]>();
  for (const touch of batch) {
    const { ms, slack, maxAge } = touch[1].item;
    const name = `${ms} ${slack} ${maxAge}`;
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push(touch);
  }
  return [...groups.values()];
}

async function touchAll(repository: SessionRepository, keys: readonly string[], lifetime: Lifetime): Promise<void> {
  if (keys.length > 1 && repository.touchMany) return repository.touchMany(keys, lifetime);
  await Promise.all(keys.map((key) => repository.touch(key, lifetime)));
}
