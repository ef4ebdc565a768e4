import type { EncodedValues } from '../merge/delta.js';
import type { StoredValues } from './record-reader.js';

/** Where a session stands towards its record. */
export type BaselineState =
  /** Never stored: its first commit inserts. */
  | 'new'
  /** Loaded or committed: its commits update, and never insert. */
  | 'stored'
  /** The record was destroyed or expired while the request ran: its changes are dropped. */
  | 'gone';

/** A session's base, and what else its commits need. Moves with every commit. */
export class SessionBaseline {
  state: BaselineState = 'new';
  /** The base. The record's own values, but for a key that the handler changed during a commit: what it stood on then. */
  base: EncodedValues = new Map();
  /** The record as it was last seen; undefined for a new session. */
  record: StoredValues | undefined;
  /** The record's expiry on this process's own monotonic clock, in ms. */
  expiresAt = 0;
  /** The commit under way; commits of one session go one after the other. */
  committing: Promise<unknown> | undefined;
  /** Why no further commit is allowed. */
  abandoned: Error | undefined;
  /** The lease under which the session's handler runs: its commits need it. */
  leaseId: string | undefined;

  constructor(readonly storageKey: string) {}

  /** The cookie's max age in the record, in ms. */
  get maxAge(): number | null {
    return this.record?.maxAge ?? null;
  }
}
