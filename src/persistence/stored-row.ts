import type { RecordState, StoredRecord } from './record.js';

/** A row of the table, with the columns `remaining` and `longest`. */
export type Row = Readonly<Record<string, unknown>>;

/** Returns the record of a row. */
export function toRecord(row: Row): StoredRecord {
  return {
    data: String(row.data),
    version: Number(row.lock_version),
    commitId: row.commit_id === null ? null : String(row.commit_id),
    maxAge: row.max_age === null ? null : Number(row.max_age),
    remaining: Number(row.remaining),
    leaseId: row.lease_id === null ? null : String(row.lease_id),
    longest: row.longest === undefined ? undefined : Number(row.longest),
  };
}

/** Returns the records of rows that have their key, by key. */
export function byKey(rows: readonly Row[]): ReadonlyMap<string, StoredRecord> {
  return new Map(rows.map((row) => [String(row.session_id), toRecord(row)]));
}

/** Returns the state of a row with the columns of `statesOf`. */
export function toState(row: Row): RecordState {
  return {
    storageKey: String(row.session_id),
    userId: row.user_id === null ? null : String(row.user_id),
    version: Number(row.lock_version),
    commitId: row.commit_id === null ? null : String(row.commit_id),
    isLive: Number(row.is_live) === 1,
  };
}
