const MINUTE = 60_000;

/** Counts events in each of the last 60 minutes. */
export class MinuteCounts {
  static readonly MINUTES = 60;
  readonly #counts = new Map<number, number>();
  readonly #now: () => number;

  /** @param now a clock, in ms */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  add(): void {
    const minute = this.#minute();
    this.#counts.set(minute, (this.#counts.get(minute) ?? 0) + 1);
    for (const earlier of this.#counts.keys()) if (earlier <= minute - MinuteCounts.MINUTES) this.#counts.delete(earlier);
  }

  /** The count of each minute, the current one last. */
  get all(): readonly number[] {
    const last = this.#minute();
    return Array.from({ length: MinuteCounts.MINUTES }, (_, n) => this.#counts.get(last - MinuteCounts.MINUTES + 1 + n) ?? 0);
  }

  #minute(): number {
    return Math.floor(this.#now() / MINUTE);
  }
}
