import { SessionLogger } from '../security/session-logger.js';
import { SessionUnavailableError } from '../smart-session.errors.js';

/** An operation of the session service, as the log of outages counts it. */
export type Operation = 'load' | 'commit' | 'touch' | 'destroy' | 'list' | 'count' | 'prune' | 'lock';

/** In ms: an outage that lasts gets a line each time so much has passed. */
const LINE_EVERY = 60_000;

/**
 * The most outages that are logged within `LINE_EVERY`. Without it, one session that the database always refuses would
 * fill the log.
 */
const MOST_OUTAGES = 30;

const READS: ReadonlySet<Operation> = new Set(['load', 'list', 'count']);

/**
 * Logs when sessions become unavailable, and when they are available again. Nest does not log an `HttpException`, so
 * these errors would not be in the log.
 */
export class OutageLog {
  readonly #logger = new SessionLogger();
  readonly #now: () => number;
  /** How often each operation has failed since the outage began. */
  readonly #failures = new Map<Operation, number>();
  #areReadsDown = false;
  #areWritesDown = false;
  #since = 0;
  /** When the last line was logged; undefined while this outage has none. */
  #loggedAt: number | undefined;
  /** When the count of `#outages` began. */
  #countedSince = -Infinity;
  #outages = 0;

  /** @param now a clock, in ms */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Settles as the work does, and notes whether it failed. */
  async watch<Result>(operation: Operation, work: Promise<Result>): Promise<Result> {
    try {
      const result = await work;
      if (this.#isOutage) this.#succeed(operation);
      return result;
    } catch (error) {
      if (error instanceof SessionUnavailableError) this.#fail(operation, error);
      throw error;
    }
  }

  get #isOutage(): boolean {
    return this.#areReadsDown || this.#areWritesDown;
  }

  #fail(operation: Operation, { message }: Error): void {
    const now = this.#now();
    if (!this.#isOutage) this.#begin(now);
    if (READS.has(operation)) this.#areReadsDown = true;
    else this.#areWritesDown = true;
    this.#failures.set(operation, (this.#failures.get(operation) ?? 0) + 1);
    if (this.#isTooSoon(now)) return;
    this.#loggedAt = now;
    this.#logger.error(`Sessions are unavailable${this.#secondsBefore(now, ' for')}: ${this.#counts()} failed. The last error: ${message}`);
  }

  #isTooSoon(now: number): boolean {
    if (this.#loggedAt !== undefined) return now - this.#loggedAt < LINE_EVERY;
    return this.#outages > MOST_OUTAGES && now - this.#countedSince < LINE_EVERY;
  }

  #begin(now: number): void {
    this.#since = now;
    if (now - this.#countedSince >= LINE_EVERY) {
      this.#countedSince = now;
      this.#outages = 0;
    }
    this.#outages++;
  }

  /** A database that takes writes can also be read. A database that can be read may be read-only, or full. */
  #succeed(operation: Operation): void {
    this.#areReadsDown = false;
    if (!READS.has(operation)) this.#areWritesDown = false;
    if (this.#isOutage || this.#loggedAt === undefined) return;
    this.#logger.warn(`Sessions are available again${this.#secondsBefore(this.#now(), ' after')}: ${this.#counts()} had failed.`);
    this.#loggedAt = undefined;
    this.#failures.clear();
  }

  #secondsBefore(now: number, word: string): string {
    const seconds = Math.round((now - this.#since) / 1000);
    return seconds === 0 ? '' : `${word} ${seconds} s`;
  }

  #counts(): string {
    return Array.from(this.#failures, ([operation, count]) => `${count} × ${operation}`).join(', ');
  }
}
