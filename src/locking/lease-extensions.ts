/** How often a lease is extended within its duration. */
const EXTENSIONS = 3;

/** Extends leases again and again, until they end or the app shuts down. */
export class LeaseExtensions {
  readonly #timers = new Set<NodeJS.Timeout>();
  #isShutDown = false;

  /**
   * Extends a lease until the returned function is called.
   *
   * @param lease the duration, in ms
   * @param extend must not reject
   */
  start(lease: number, extend: () => Promise<void>): () => void {
    const timer = setInterval(() => void this.once(extend), lease / EXTENSIONS);
    timer.unref();
    this.#timers.add(timer);
    return () => {
      clearInterval(timer);
      this.#timers.delete(timer);
    };
  }

  /** Extends a lease once. */
  async once(extend: () => Promise<void>): Promise<void> {
    if (!this.#isShutDown) await extend();
  }

  /** Extends nothing more, because the database is about to be closed. */
  stop(): void {
    this.#isShutDown = true;
    for (const timer of this.#timers) clearInterval(timer);
  }
}
