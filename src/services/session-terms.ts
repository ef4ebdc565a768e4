/** What a request may do to its session. */
export interface SessionTerms {
  /** The request does not extend the session. */
  readonly keepsExpiry: boolean;
}

/** The terms of a request whose route says nothing of them. */
export const USUAL_TERMS: SessionTerms = { keepsExpiry: false };
