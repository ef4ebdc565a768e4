import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { SessionRepository, SessionService, SmartSessionOptions, type SmartSessionModuleOptions } from '../../src/index.js';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { AppTransactions } from '../../src/persistence/app-transactions.js';
import { Backoff } from '../../src/batching/backoff.js';
import { CommitQueue } from '../../src/commit/commit-queue.js';
import { LiveChanges } from '../../src/live/live-changes.js';
import { LiveSessions } from '../../src/live/live-sessions.js';
import { LoadBatcher } from '../../src/batching/load-batcher.js';
import { RetryingRepository } from '../../src/batching/retrying-repository.js';
import { SessionMigrator } from '../../src/migration/session-migrator.js';
import { SessionDestroyer } from '../../src/ending/session-destroyer.js';
import { SessionLocker } from '../../src/locking/session-locker.js';
import { SessionMerger } from '../../src/commit/session-merger.js';
import { SessionObservers } from '../../src/observers/session-observers.js';
import { UpdateBatcher } from '../../src/batching/update-batcher.js';
import { SESSION_PROVIDERS } from '../../src/smart-session.providers.js';

/** Returns the services as the module wires them, on a repository of the test. */
export function serviceOver(
  repository: SessionRepository,
  given: SmartSessionModuleOptions = {},
  backoff = new Backoff(),
  observers = new SessionObservers(),
  isInTransaction?: () => boolean,
  transactions = new AppTransactions(undefined, isInTransaction),
) {
  const made = new Map<unknown, object>([
    [SmartSessionOptions, new SmartSessionOptions({ secret: 'x', locking: 'optimistic', ...given })],
    [SessionRepository, repository],
    [AppTransactions, transactions],
    [Backoff, backoff],
    [SessionObservers, observers],
  ]);
  const get = <Service extends object>(type: Type<Service>): Service => {
    const known = made.get(type);
    if (known) return known as Service;
    if (!SESSION_PROVIDERS.includes(type)) throw new TypeError(`${String(type?.name)} is not among the providers.`);
    const needed = (Reflect.getMetadata('design:paramtypes', type) ?? []) as Type<object>[];
    const service = new type(...needed.map(get));
    made.set(type, service);
    return service;
  };
  return {
    /** Returns any other of the services. */
    get,
    sessions: get(SessionService),
    migrator: get(SessionMigrator),
    locker: get(SessionLocker),
    codec: get(SessionCodec),
    merger: get(SessionMerger),
    live: get(LiveSessions),
    changes: get(LiveChanges),
    loads: get(LoadBatcher),
    updates: get(UpdateBatcher),
    commits: get(CommitQueue),
    destroyer: get(SessionDestroyer),
    retrying: get(RetryingRepository),
  };
}
