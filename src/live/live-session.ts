import type { EncodedValues } from '../merge/encoded-values.js';
import type { NamedLease } from '../persistence/named-leases.js';
import type { StoredRecord } from '../persistence/session.repository.js';
import type { SessionRecord } from '../records/session-record.js';
import { DEFAULT_POLICY, type SessionPolicy } from './session-policy.js';

/** Whether a session has a record. */
export type LiveState =
  /** It was never stored: its first commit inserts. */
  | 'new'
  /** It was loaded or committed: its commits update, and never insert. */
  | 'stored'
  /** The record was destroyed, or has expired, while the request ran: its changes are dropped. */
  | 'gone';

/** How long a record that was loaded still lives, and how long it can live at most. */
export type TimeLeft = Pick<StoredRecord, 'remaining' | 'longest'>;

/** A lease that a handler's commits need; shared by the live sessions that the handler has after a reload. */
export interface HeldLease {
  /** The id of a lease in the record. Undefined after the lock was given back: later commits need no lease. */
  id: string | undefined;
  /** The same for a lease by name. */
  named?: NamedLease | undefined;
  /** The handler may still run, but its request no longer waits for it: what it changes now is not stored. */
  isClosed: boolean;
  /** A commit has released it already. */
  isReleased?: boolean;
}

const EMPTY: EncodedValues = new Map();
const NO_LEASES: ReadonlySet<NamedLease> = new Set();

/** The base of a session, and the state that its commits need. Every commit updates it. */
export class LiveSession {
  state: LiveState = 'new';
  /** The base, if it differs from the record's values. A key that the handler changed during a commit keeps its earlier base. */
  ownBase: EncodedValues | undefined;
  /** The record as it was last seen; undefined for a new session. */
  record: SessionRecord | undefined;
  /** The values that a new session took over from the one before it. */
  carried: EncodedValues | undefined;
  /** The record's expiry on this process's own monotonic clock, in ms. */
  expiresAt = 0;
  /** How long the session may live without use, in ms, whatever its max age: see the option `anonymousTtl`. */
  longestUnused = Infinity;
  /** The end of `absoluteTtl`, on the same clock. No touch moves the expiry beyond it. */
  endsAt = Infinity;
  /**
   * Whether this module made the cookie from the options. If so, any other attribute in it was set by a handler. If the
   * app mounts express-session itself, the cookie of a new session is the app's.
   */
  isCookieOurs = true;
  /**
   * When the request got the session, on the same clock. A destruction before that time concerns an earlier session of
   * the same id.
   */
  since = 0;
  /** Whether this request has ended the session, and made another in its place. */
  isReplaced = false;
  /** Settles when the current work on this session settles, because its commits run one after the other. */
  committing: Promise<unknown> | undefined;
  /** Waits for `committing`, but only for some time; undefined if the wait is not bounded. */
  boundedWait: (() => Promise<void>) | undefined;
  /** Why no further commit is allowed. */
  abandoned: Error | undefined;
  /** The lease under which the session's handler runs. */
  lease: HeldLease | undefined;
  /** The leases of the locks that were taken in code; shared like `lease`. */
  locks: Set<NamedLease> | undefined;
  /** Whether the session has got other values or another max age since it was loaded, by a commit or by what others have stored. express-session then sends its cookie. */
  hasMoved = false;
  /** Whether express-session hashes the session at this moment. */
  isHashed = false;
  /** Whether the request has extended the session. */
  isExtended = false;
  /** Whether the head that is written sends the cookie anew, though the session has not moved. */
  renewsCookie = false;
  /** The session took the place of another by `regenerate`, and was not stored since. */
  isRegenerated = false;
  /** The policy of the request. */
  policy: SessionPolicy = DEFAULT_POLICY;

  constructor(readonly storageKey: string) {}

  /** The values that the request's changes are compared with. */
  get base(): EncodedValues {
    return this.ownBase ?? this.record?.values ?? EMPTY;
  }

  /** The lease of the record that commits need now. */
  get leaseId(): string | undefined {
    return this.lease?.id;
  }

  /** The leases by name that commits need now. */
  get namedLeases(): readonly NamedLease[] {
    const { lease, locks = NO_LEASES } = this;
    if (lease?.named) return [lease.named, ...locks];
    return locks.size === 0 ? [] : Array.from(locks);
  }

  /** Whether the request's handler ran under a lock that has ended before it. */
  get isClosed(): boolean {
    return this.lease?.isClosed === true;
  }

  /** The cookie's max age in the record, in ms. */
  get maxAge(): number | null {
    return this.record?.maxAge ?? null;
  }

  /**
   * Moves to a record, as it was loaded or committed.
   *
   * @param ownBase the base where it is not the record's own values
   */
  moveTo(record: SessionRecord, longestUnused: number, ownBase?: EncodedValues): void {
    this.state = 'stored';
    this.record = record;
    this.ownBase = ownBase;
    this.longestUnused = longestUnused;
  }

  /** Notes that the record was loaded just now. */
  startsWith({ remaining, longest = Infinity }: TimeLeft): void {
    const now = performance.now();
    this.since = now;
    this.expiresAt = now + remaining;
    this.endsAt = now + longest;
  }
}
