/** How long an announcement counts, in ms. It is renewed each minute, so one of two may be lost. */
const LIFE = 150_000;

/** The most records. If there are more, changes of the oldest ones are found by the poll. */
const MOST = 100_000;

/**
 * The records whose changes other processes watch, as they have announced. A commit of any other record sends no notification. Only this
 * process's monotonic clock matters.
 */
export class WatchedElsewhere {
  /** When each record was announced last, by its hash, in ms. The oldest comes first. */
  readonly #heardAt = new Map<string, number>();
  readonly #now: () => number;

  /** @param now the monotonic clock, in ms */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  get size(): number {
    return this.#heardAt.size;
  }

  /** Notes an announcement. */
  note(hashes: readonly string[]): void {
    const now = this.#now();
    for (const hash of hashes) {
      this.#heardAt.delete(hash);
      this.#heardAt.set(hash, now);
    }
    this.forgetOld();
  }

  has(hash: string): boolean {
    return this.#isNew(this.#heardAt.get(hash));
  }

  /** Forgets the records that are not announced any more. */
  forgetOld(): void {
    for (const [hash, at] of this.#heardAt) {
      if (this.#heardAt.size <= MOST && this.#isNew(at)) return;
      this.#heardAt.delete(hash);
    }
  }

  #isNew(at: number | undefined): boolean {
    return at !== undefined && this.#now() - at < LIFE;
  }
}
