import { Injectable } from '@nestjs/common';
import { SessionRepository, type Lifetime } from '../persistence/session.repository.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { SessionObservers } from '../observers/session-observers.js';
import { Batcher, type Batch, type PendingItem } from './batcher.js';
import { RetryingRepository } from './retrying-repository.js';

type PendingTouch = readonly [storageKey: string, pending: PendingItem<Lifetime, void>];

/** Moves the expiry of records. The touches of one lifetime share a statement, in which each session occurs once. */
@Injectable()
export class TouchBatcher extends Batcher<Lifetime, void> {
  constructor(
    { isBlocking }: SessionRepository,
    private readonly repository: RetryingRepository,
    observers: SessionObservers,
    { maxWaiting }: SmartSessionOptions,
  ) {
    super({ operation: 'touch', kind: 'touch', observers, maxWaiting, isBlocking });
  }

  /**
   * An explicit lifetime is never batched: it may move the expiry to an earlier time, and two touches of one session
   * may differ.
   */
  protected override sendAlone(key: string, lifetime: Lifetime): Promise<void> | undefined {
    return lifetime.explicit ? this.repository.touchMany([key], lifetime) : undefined;
  }

  protected override async send(batch: Batch<Lifetime, void>): Promise<void> {
    await Promise.all(byLifetime(batch).map((touches) => this.#sendAll(touches)));
  }

  async #sendAll(touches: readonly PendingTouch[]): Promise<void> {
    const { item: lifetime } = touches[0]![1];
    try {
      await this.repository.touchMany(
        touches.map(([key]) => key),
        lifetime,
      );
      for (const [, { resolve }] of touches) resolve();
    } catch (error) {
      for (const [, { reject }] of touches) reject(error);
    }
  }
}

function byLifetime(batch: Iterable<PendingTouch>): PendingTouch[][] {
  const groups = new Map<string, PendingTouch[]>();
  for (const touch of batch) {
    const { ms, slack, maxAge } = touch[1].item;
    const name = `${ms} ${slack} ${maxAge}`;
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push(touch);
  }
  return [...groups.values()];
}
