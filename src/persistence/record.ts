/** One row, as a request loads it. */
export interface StoredRecord {
  /** The serialized session; sealed if sessions are encrypted. */
  readonly data: string;
  /** The lock version; 0 if the table has no such column. */
  readonly version: number;
  /** The id of the last commit that wrote the row. */
  readonly commitId: string | null;
  /** The cookie's original max age, in ms; null for a cookie that ends with the browser. */
  readonly maxAge: number | null;
  /** How long the record still lives, in ms, by the database's clock. */
  readonly remaining: number;
  /** The longest life that the record can still have, however often it is used, in ms by the database's clock; undefined for no limit. */
  readonly longest?: number | undefined;
  /** The last lease that was taken and not released. It may have expired. */
  readonly leaseId: string | null;
}

/** How long a record lives from now. */
export interface Lifetime {
  /** The time from now until the expiry, in ms. */
  readonly ms: number;
  /** The expiry is rewritten only when it moves forward by more than this, in ms. */
  readonly slack: number;
  /** Whether the handler chose this lifetime: then the expiry also moves backwards. */
  readonly explicit: boolean;
  /**
   * For a touch: the record's max age from which this lifetime was computed. A record with another max age stays unchanged.
   * Absent: any max age.
   */
  readonly maxAge?: number | null;
}

/** The values that a commit writes. */
export interface RecordChange {
  /** The serialized session; sealed if sessions are encrypted. */
  readonly data: string;
  /** A random id of this commit only. */
  readonly commitId: string;
  /** The user of the session, as the option `userId` finds it. */
  readonly userId: string | null;
  /** The cookie's original max age, in ms; null for a cookie that ends with the browser. */
  readonly maxAge: number | null;
  /** How long the record lives from now. */
  readonly lifetime: Lifetime;
  /** If set, `update` writes only while the record is leased under this id. */
  readonly leaseId?: string | undefined;
}

/** A row as a poll sees it. */
export interface RecordState extends Pick<StoredRecord, 'version' | 'commitId'> {
  readonly storageKey: string;
  readonly userId: string | null;
  /** False if the row is still there, and its session has expired. A row that `end` has written is left out. */
  readonly isLive: boolean;
}

/** A live session in a list. */
export interface SessionSummary {
  readonly storageKey: string;
  readonly userId: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
}
