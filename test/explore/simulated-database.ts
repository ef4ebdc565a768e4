import { DriverException } from '@mikro-orm/core';
import type { StoredRecord } from '../../src/index.js';

export interface Row extends Omit<StoredRecord, 'remaining'> {
  readonly userId?: string | null;
  readonly expiresAt: number;
}

/** The events of a row, in their order: the truth against which histories are checked. */
export interface AuditEntry {
  readonly at: number;
  readonly actor: string;
  readonly kind: 'insert' | 'update' | 'touch' | 'end' | 'delete';
  readonly key: string;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
  /** The database's clock, in ms. */
  readonly clock: number;
}

/** The result of a load. */
export interface LoadEntry {
  readonly at: number;
  readonly actor: string;
  readonly key: string;
  readonly row: Row | undefined;
  readonly record: StoredRecord | undefined;
  readonly clock: number;
}

/** A lease as it is stored. Each write makes another object. */
export interface SimulatedLease {
  readonly leaseId: string;
  /** The actor that has taken it. */
  readonly holder: string;
  readonly isDone: boolean;
  readonly isExpired: boolean;
}

/** An event of a lease. */
export interface LeaseEntry {
  readonly at: number;
  /** The holder; for `refused`, the actor that has not got it. */
  readonly actor: string;
  readonly kind: 'taken' | 'refused' | 'expired' | 'released' | 'finished';
  /** The record's key. */
  readonly key: string;
  readonly name: string;
  readonly leaseId: string;
}

/** A row of the app, which a request has written in a transaction with its session. */
export interface Order {
  readonly at: number;
  readonly actor: string;
  /** The total of the session that belongs to it. */
  readonly total: number;
}

/** The connection of a statement was lost, and so was its answer. */
export class LostConnection extends Error {}

/** The same of a statement of the app, as MikroORM tells it. */
export class LostAppConnection extends DriverException {}

/** The database has rolled back the transaction of a statement of the app. */
export class RolledBack extends DriverException {}

/** A database in memory: what its rows hold, who holds their locks, and what has happened. */
export class SimulatedDatabase {
  readonly rows = new Map<string, Row>();
  readonly locks = new Map<string, string>();
  readonly audit: AuditEntry[] = [];
  readonly loads: LoadEntry[] = [];
  /** The leases by name, by `leaseKeyOf`. */
  readonly leases = new Map<string, SimulatedLease>();
  readonly leaseLocks = new Set<string>();
  readonly leaseAudit: LeaseEntry[] = [];
  /** The rows of the app. */
  readonly orders: Order[] = [];
  /** The keys of rows that a transaction has written and not committed: they live on if it commits. */
  readonly uncommitted = new Set<string>();
  /** When a row was deleted or expired, by key. */
  readonly ended = new Map<string, number>();
  clock = 0;
  /** How many connections may still be lost. */
  faults = 0;
  /** The answer of a query takes a step of its own to arrive. */
  isSlow = false;
  /** The connection of a query may be lost too. */
  losesQueries = false;
  /** A query takes no step: what is loaded before the history begins. */
  isInstant = false;

  /** Lets time pass. */
  pass(ms: number, at: number): void {
    this.clock += ms;
    for (const [key, { expiresAt }] of this.rows) if (expiresAt <= this.clock && !this.uncommitted.has(key)) this.end(key, at);
  }

  /** Writes values into a row as a program does that does not know the version. */
  overwrite(key: string, values: object): void {
    const row = this.rows.get(key);
    if (row) this.rows.set(key, { ...row, data: JSON.stringify({ ...(JSON.parse(row.data) as object), ...values }) });
  }

  end(key: string, at: number): void {
    if (!this.ended.has(key)) this.ended.set(key, at);
  }
}
