import { SessionUnavailableError } from '../smart-session.errors.js';

/** The moment after which an operation begins nothing more. Lighter than an AbortController: there is one for each commit. */
export class Deadline {
  /** Rejects when the deadline has passed; stays pending if the work settles before. */
  readonly passed: Promise<never>;
  readonly #timer: NodeJS.Timeout;
  readonly #end: number;
  readonly #late: () => Error;
  #reject!: (reason: Error) => void;
  #reason: Error | undefined;

  /**
   * @param operation what must be done by then, for the error
   * @param ms from now
   * @param who must answer by then, for the error
   */
  constructor(operation: string, ms: number, who = 'the database') {
    this.passed = new Promise((_, reject) => (this.#reject = reject));
    // An operation need not wait for its deadline.
    this.passed.catch(() => {});
    this.#late = () =>
      new SessionUnavailableError(
        operation,
        `${who} did not answer within ${ms} ms. Check whether it is up, overloaded or locked, or raise \`timeout\`.`,
      );
    this.#end = performance.now() + ms;
    this.#timer = setTimeout(() => this.pass(this.#late()), ms).unref();
  }

  /** Why it has passed; undefined when it has not. By the clock: while the event loop is busy, no timer fires. */
  get reason(): Error | undefined {
    if (!this.#reason && performance.now() > this.#end) this.pass(this.#late());
    return this.#reason;
  }

  /** @throws the reason when it has passed */
  throwIfPassed(): void {
    const { reason } = this;
    if (reason) throw reason;
  }

  /** Lets the deadline pass now. */
  pass(reason: Error): void {
    this.#reason ??= reason;
    this.#reject(this.#reason);
  }

  /**
   * Settles as `work` does, or rejects at the deadline. The deadline is over then.
   *
   * @throws SessionUnavailableError if `work` took too long
   */
  async bound<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await Promise.race([work, this.passed]);
    } finally {
      clearTimeout(this.#timer);
    }
  }
}
