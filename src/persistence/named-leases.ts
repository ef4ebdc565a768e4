import type { RunStatement } from '../dialects/run-statement.js';
import type { DatabaseContext } from './database-context.js';
import { buildLeaseStatements, type LeaseStatements } from './lease-statements.js';

/** A lease of a session under a name, as a process holds it. */
export interface NamedLease {
  /** The key of the record. */
  readonly storageKey: string;
  readonly name: string;
  readonly leaseId: string;
}

/** The leases that a commit needs, and the one among them that ends with it. */
export interface LeaseFence {
  /** All must be held. */
  readonly held: readonly NamedLease[];
  /** One of `held`: the commit finishes it. */
  readonly finished?: NamedLease | undefined;
}

/**
 * Returns the fence of a commit; undefined if it needs no lease.
 *
 * @param finished the lease that ends with the commit
 */
export function fenceOf(held: readonly NamedLease[], finished?: NamedLease): LeaseFence | undefined {
  if (held.length === 0 && !finished) return undefined;
  return { held: Array.from(new Set(finished ? [...held, finished] : held)), finished };
}

/** A lease as it is stored. */
export interface StoredLease {
  readonly leaseId: string;
  /** Whether its holder has committed what it did, and holds it no longer. */
  readonly isDone: boolean;
  /** Whether it may be taken: it is done, or has expired. */
  readonly isOver: boolean;
}

/**
 * The leases of sessions by name, in a table of their own. They decide nothing about the record: a commit checks its lease by `lock`
 * in the transaction that writes the record.
 *
 * A lease ends in one of three ways. Its holder finishes it with its commit, and its row stays to tell the others. Its holder
 * releases it without a commit, and its row is deleted. Or it expires, because its holder is gone.
 */
export class NamedLeases {
  readonly #context: DatabaseContext;
  readonly #statements: LeaseStatements;

  /** @param parameter the n-th parameter of a statement, from 1, if it is not the dialect's */
  constructor(context: DatabaseContext, parameter?: (n: number) => string) {
    this.#context = context;
    this.#statements = buildLeaseStatements(context, parameter);
  }

  /**
   * Takes a lease that no other holds. It may be repeated with the same id.
   *
   * @param ms the duration, by the database's clock
   * @param isWaiting whether the caller waits for the holder: then it does not take a lease that the holder has finished
   * @returns false if another holds it, or has finished it
   */
  async take({ storageKey, name, leaseId }: NamedLease, ms: number, isWaiting: boolean): Promise<boolean> {
    const { takeOver, takeExpired, insert } = this.#statements;
    if (await this.#changesOne(isWaiting ? takeExpired : takeOver, [leaseId, ms, storageKey, name, leaseId, leaseId])) return true;
    try {
      return await this.#changesOne(insert, [storageKey, name, leaseId, ms]);
    } catch (error) {
      if (this.#context.dialect.isDuplicateKey?.(error)) return false;
      throw error;
    }
  }

  /** Returns the last lease of a name that was not released; undefined if there is none. */
  async look(storageKey: string, name: string): Promise<StoredLease | undefined> {
    const { rows } = await this.#context.runner.run(this.#statements.look, [storageKey, name]);
    const [row] = rows;
    return row && { leaseId: String(row.lease_id), isDone: Number(row.is_done) === 1, isOver: Number(row.is_over) === 1 };
  }

  /** Extends a lease. Returns false if another has taken it. */
  extend({ storageKey, name, leaseId }: NamedLease, ms: number): Promise<boolean> {
    return this.#changesOne(this.#statements.extend, [ms, storageKey, name, leaseId]);
  }

  /** Gives a lease back without a commit. */
  async release({ storageKey, name, leaseId }: NamedLease): Promise<void> {
    await this.#context.runner.run(this.#statements.release, [storageKey, name, leaseId]);
  }

  /** Deletes leases that have ended an hour ago. */
  async prune(): Promise<void> {
    await this.#context.runner.run(this.#statements.prune);
  }

  /**
   * Locks the rows of leases, so that no other takes them before the transaction ends.
   *
   * @param run runs statements in the transaction
   * @returns the first that another has taken; undefined if there is none
   */
  async lockAll(run: RunStatement, leases: readonly NamedLease[]): Promise<NamedLease | undefined> {
    for (const lease of leases) {
      const { storageKey, name, leaseId } = lease;
      if ((await run(this.#statements.lock, [storageKey, name, leaseId])).rows.length === 0) return lease;
    }
    return undefined;
  }

  /** Finishes a lease whose row is locked. */
  async finish(run: RunStatement, { storageKey, name, leaseId }: NamedLease): Promise<void> {
    await run(this.#statements.finish, [storageKey, name, leaseId]);
  }

  async #changesOne(sql: string, parameters: readonly unknown[]): Promise<boolean> {
    return (await this.#context.runner.run(sql, parameters)).affected === 1;
  }
}
