import type { RequestRoute } from '../observers/request-route.js';

/** How long an operation took. */
export interface SlowTime {
  readonly at: Date;
  readonly ms: number;
  /** The route of its request. It may be filled after the operation. */
  readonly route: RequestRoute | undefined;
}

/** Keeps the slowest operations since the start of the process. */
export class SlowestTimes {
  static readonly MOST = 5;
  readonly #slowest: SlowTime[] = [];
  #count = 0;

  /** Settles as the operation does, and keeps its time if it is among the slowest. */
  async time<Result>(operation: () => Promise<Result>, route?: RequestRoute): Promise<Result> {
    const begun = performance.now();
    try {
      return await operation();
    } finally {
      this.#note(performance.now() - begun, route);
    }
  }

  /** How many operations were measured. */
  get count(): number {
    return this.#count;
  }

  /** The slowest operations, the slowest first. */
  get all(): readonly SlowTime[] {
    return this.#slowest;
  }

  #note(ms: number, route: RequestRoute | undefined): void {
    this.#count++;
    if (this.#slowest.length >= SlowestTimes.MOST && ms <= this.#slowest.at(-1)!.ms) return;
    this.#slowest.push({ at: new Date(), ms, route });
    this.#slowest.sort((one, other) => other.ms - one.ms);
    this.#slowest.length = Math.min(this.#slowest.length, SlowestTimes.MOST);
  }
}
