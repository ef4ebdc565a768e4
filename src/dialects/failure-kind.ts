/** What an error of the database means for the statement that caused it. */
export type FailureKind =
  /** Nothing happened: the database rolled back because of another transaction. Retry. */
  | 'rolled-back'
  /** Nothing happened, and no other transaction was the reason: for example, the connection had ended before. Retry. */
  | 'not-done'
  /** The write may have taken effect or not. Every error that the dialect does not know is `unknown`. */
  | 'unknown'
  /** Nothing happened, and an immediate retry does not help. */
  | 'failed';
