/** Knows until when it is certain that no other process has taken a lease, by this process's clock. */
export class LeaseClock {
  #until = 0;

  /** Whether the lease is certainly held. False does not mean that it is lost: only a commit finds that out. */
  get isHeld(): boolean {
    return performance.now() < this.#until;
  }

  /**
   * Takes or extends the lease. The database counts its duration from a later moment than this process.
   *
   * @param ms the duration
   * @param isTaken whether the result means that the lease is held
   */
  async hold<Result>(ms: number, statement: () => Promise<Result>, isTaken: (result: Result) => boolean): Promise<Result> {
    const begun = performance.now();
    const result = await statement();
    if (isTaken(result)) this.#until = begun + ms;
    return result;
  }
}
