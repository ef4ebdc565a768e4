/** Is told at once which records this process has ended or written. */
export interface RecordListener {
  /** Records were deleted, or have ended. */
  ended(storageKeys: Iterable<string>): void;
  /** Every record was deleted. */
  cleared(): void;
  /** A record was written. */
  written(storageKey: string): void;
}

/** Passes on what this process does to records, so that watches of this process need not wait for the next poll. Off without a listener. */
export class RecordHints {
  /** Undefined while nothing is watched. */
  listener: RecordListener | undefined;
}
