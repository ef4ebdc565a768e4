/** One run that deleted expired records. */
export interface PruneRun {
  readonly at: Date;
  /** How long it took, in ms. */
  readonly ms: number;
  /** How many records it deleted; undefined if it failed. */
  readonly pruned: number | undefined;
}

/** The most runs that are kept. */
const MOST_RUNS = 5;

/** Keeps the last runs of `SessionService.prune` in this process. */
export class PruneRuns {
  readonly #runs: PruneRun[] = [];

  /** Settles as the run does, and keeps how it ended. */
  async watch(run: () => Promise<number>): Promise<number> {
    const [at, begun] = [new Date(), performance.now()];
    let pruned: number | undefined;
    try {
      return (pruned = await run());
    } finally {
      this.#runs.unshift({ at, ms: performance.now() - begun, pruned });
      this.#runs.length = Math.min(this.#runs.length, MOST_RUNS);
    }
  }

  /** The last runs, newest first. */
  get all(): readonly PruneRun[] {
    return this.#runs;
  }
}
