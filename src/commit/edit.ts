import type { Delta } from '../merge/delta.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import type { MergeTrace } from '../observers/merge-trace.js';
import type { LeaseFence } from '../persistence/named-leases.js';
import type { Lifetime } from '../persistence/session.repository.js';
import type { SessionRecord } from '../records/session-record.js';

/** What a commit does to the record: a function of the current values, because it may run again on newer ones. */
export interface Edit {
  /** The values after the edit, given the current ones; those are empty for a new record. */
  apply(current: EncodedValues): EncodedValues;
  /** The cookie's max age in ms, null to end with the browser; absent to leave the record's. */
  readonly maxAge?: number | null;
  /** How long the record lives, where that does not follow from the max age. */
  readonly lifetime?: Lifetime;
  /** The result depends on the values that the edit was given, even if it changes nothing: they must be current. */
  readonly mustSeeCurrent?: boolean;
  /** Write only while the record is leased under this id. */
  readonly leaseId?: string | undefined;
  /** Write only while these leases are held, in one transaction with their rows. */
  readonly fence?: LeaseFence | undefined;
  /** Release the lease in the same statement, if the repository can. */
  readonly releasesLease?: boolean;
  /** Write even what does not change the values, so that the commit id tells whether a transaction has taken effect. */
  readonly alwaysWrites?: true;
  /** Others may know the session's id before it is stored, so that not only its own request can destroy it. */
  readonly isIdKnown?: true;
  /** Do not extend the session. */
  readonly keepsExpiry?: boolean;
  /** Where `apply` notes what it was applied to. */
  readonly trace?: MergeTrace;
  /** The changes of the last `apply`, for the detector of overwrites. `apply` may set it. */
  written?: Delta;
}

/** The outcome of a commit. */
export type CommitOutcome =
  /** The record as it is stored now, and whether the commit has released its lease. */
  | { readonly kind: 'committed'; readonly record: SessionRecord; readonly isReleased?: boolean }
  /** The record was destroyed, or has expired. */
  | { readonly kind: 'gone' }
  /** There was no record, and there is nothing to store in one. */
  | { readonly kind: 'unstored' };
