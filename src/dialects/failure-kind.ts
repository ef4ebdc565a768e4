/** What an error of the database means for the statement that met it. */
export type FailureKind =
  /** Rolled back, nothing happened: try again. */
  | 'rolled-back'
  /** The connection was lost: a write may have happened or not. */
  | 'unknown'
  /** Nothing happened, and trying again at once would not help. */
  | 'failed';
