import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import type { NamedLease } from '../persistence/named-leases.js';

/** The lease under which work runs. */
export interface WorkLease {
  /**
   * Whether it is certain that no other process has taken the lease, by this process's clock. Ask before a step that cannot be undone,
   * because the process may have stood still.
   */
  isHeld(): boolean;
}

/** The lease of a session that no other request has. */
export const ALONE: WorkLease = { isHeld: () => true };

/** The leases by name of the locks that a caller is inside, found by its asynchronous context. */
@Injectable()
export class HeldLeases {
  readonly #inside = new AsyncLocalStorage<readonly NamedLease[]>();
  /** The leases whose locks have not ended. Work that nothing waits for still has their context. */
  readonly #open = new Map<NamedLease, WorkLease>();

  /** A lock begins. */
  begin(lease: NamedLease, work: WorkLease): void {
    this.#open.set(lease, work);
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

  /** The lease of this name whose lock the caller is inside. */
  find(storageKey: string, name: string): WorkLease | undefined {
    const found = this.of(storageKey).find((lease) => lease.name === name);
    return found && this.#open.get(found);
  }
}
