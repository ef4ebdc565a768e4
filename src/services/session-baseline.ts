import type { EncodedValues } from '../merge/delta.js';

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
  /** The base. */
  values: EncodedValues = new Map();
  /** The base as one text. */
  data = '{}';
  version = 0;
  commitId: string | null = null;
  /** The cookie's max age in the record, in ms. */
  maxAge: number | null = null;
  /** The record's expiry on this process's own monotonic clock, in ms. */
  expiresAt = 0;
  /** The commit under way; commits of one session go one after the other. */
  committing: Promise<void> | undefined;
  /** Why no further commit is allowed. */
  abandoned: Error | undefined;

  constructor(readonly storageKey: string) {}
}
