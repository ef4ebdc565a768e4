import { SessionReadOnlyError } from '../smart-session.errors.js';

/** What a request may do to its session. */
export interface SessionPolicy {
  /** The request does not extend the session. */
  readonly keepsExpiry: boolean;
  /** What the request changes in the session is refused. */
  readonly isReadOnly: boolean;
}

/** The policy of a request whose route says nothing of them. */
export const DEFAULT_POLICY: SessionPolicy = { keepsExpiry: false, isReadOnly: false };

/** @throws SessionReadOnlyError for changed keys, when the session is read-only */
export function refuseReadOnly({ isReadOnly }: SessionPolicy, changed: readonly string[]): void {
  if (isReadOnly && changed.length > 0) throw new SessionReadOnlyError(changed);
}
