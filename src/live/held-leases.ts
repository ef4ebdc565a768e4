import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import type { NamedLease } from '../persistence/named-leases.js';

/** The leases by name of the locks that a caller is inside, found by its asynchronous context. */
@Injectable()
export class HeldLeases {
  readonly #inside = new AsyncLocalStorage<readonly NamedLease[]>();
  /** The leases whose locks have not ended. Work that nothing waits for still has their context. */
  readonly #open = new Set<NamedLease>();

  /** A lock begins. */
  begin(lease: NamedLease): void {
    this.#open.add(lease);
  }

  /** A lock has ended. */
  end(lease: NamedLease): void {
    this.#open.delete(lease);
  }

  /** Runs work inside a lock. */
  run<Result>(lease: NamedLease, work: () => Result): Result {
    return this.#inside.run([...(this.#inside.getStore() ?? []), lease], work);
  }

  /** The leases of a record whose locks the caller is inside. */
  of(storageKey: string): readonly NamedLease[] {
    if (this.#open.size === 0) return [];
    return (this.#inside.getStore() ?? []).filter((lease) => lease.storageKey === storageKey && this.#open.has(lease));
  }

  /** Whether the caller is inside the lock of this name. */
  has(storageKey: string, name: string): boolean {
    return this.of(storageKey).some((lease) => lease.name === name);
  }
}
