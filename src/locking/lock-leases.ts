import { randomUUID } from 'node:crypto';
import type { RetryingRepository } from '../batching/retrying-repository.js';
import type { LiveSession } from '../live/live-session.js';
import type { NamedLease } from '../persistence/named-leases.js';
import type { StoredRecord } from '../persistence/session.repository.js';

/** A lease that a lock takes, extends and releases. */
export interface LockLease {
  /** The lock's key: callers of one key wait for each other. */
  readonly key: string;
  /** The lease, if it has a name. */
  readonly named: NamedLease | undefined;
  /** The id of a lease of the record. */
  readonly id: string | undefined;
  /**
   * Takes the lease, if it is free, and loads the record.
   *
   * @param ms the duration of the lease
   * @param isFirst whether it is the first attempt
   * @returns 'as known' for a record that need not be loaded, 'held' if another holds the lease, undefined for an absent record
   */
  take(ms: number, isFirst: boolean): Promise<StoredRecord | 'as known' | 'held' | undefined>;
  extend(ms: number): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * The lease in a record's row.
 *
 * @param comparesVersions whether a version tells that the record is as it was loaded
 */
export function recordLease(repository: RetryingRepository, live: LiveSession, comparesVersions: boolean): LockLease {
  const { storageKey } = live;
  const id = randomUUID();
  return {
    key: storageKey,
    named: undefined,
    id,
    async take(ms) {
      const found = await repository.leaseAndLoad(storageKey, id, ms, comparesVersions ? live.record : undefined);
      if (found) return found;
      return (await repository.load(storageKey, { operation: 'lock' })) ? 'held' : undefined;
    },
    extend: (ms) => repository.extend(storageKey, id, ms),
    release: () => repository.release(storageKey, id),
  };
}

/** The lease of a record under a name. */
export function namedLease(repository: RetryingRepository, { storageKey }: LiveSession, name: string): LockLease {
  const lease: NamedLease = { storageKey, name, leaseId: randomUUID() };
  const isFree = async () => (await repository.onLeases((leases) => leases.look(storageKey, name)))?.isOver ?? true;
  const release = () => repository.onLeases((leases) => leases.release(lease));
  return {
    key: `${name}\0${storageKey}`,
    named: lease,
    id: undefined,
    async take(ms, isFirst) {
      const isTaken = (isFirst || (await isFree())) && (await repository.onLeases((leases) => leases.take(lease, ms, false)));
      if (!isTaken) return 'held';
      const record = await repository.load(storageKey, { operation: 'lock' });
      if (!record) await release();
      return record;
    },
    extend: (ms) => repository.onLeases((leases) => leases.extend(lease, ms)),
    release,
  };
}
