/** The time between two announcements of a record, in ms. */
const RENEWAL = 60_000;

/** Decides when the records that this process watches are announced to the others. */
export class Announcements {
  /** When each record was announced last, by its hash, in ms. */
  #sentAt = new Map<string, number>();
  readonly #now: () => number;

  /** @param now the monotonic clock, in ms */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Notes that a record is announced now. Returns false if it was announced a short time ago. */
  begin(hash: string): boolean {
    if (this.#isRecent(this.#sentAt.get(hash))) return false;
    this.#sentAt.set(hash, this.#now());
    return true;
  }

  /**
   * Returns the records that must be announced now, and notes that they are.
   *
   * @param watched the hashes of all records that are watched now. The others are forgotten
   */
  due(watched: Iterable<string>): string[] {
    const before = this.#sentAt;
    this.#sentAt = new Map();
    const now = this.#now();
    const due: string[] = [];
    for (const hash of watched) {
      const at = before.get(hash);
      const isRecent = this.#isRecent(at);
      if (!isRecent) due.push(hash);
      this.#sentAt.set(hash, isRecent ? at! : now);
    }
    return due;
  }

  /** All records must be announced again: another process has missed the announcements. */
  repeat(): void {
    this.#sentAt.clear();
  }

  #isRecent(at: number | undefined): boolean {
    return at !== undefined && this.#now() - at < RENEWAL;
  }
}
