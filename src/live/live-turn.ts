import type { LiveSession } from './live-session.js';

/**
 * The turn of one piece of work on a live session: commits of one session run one after the other. Taking a turn is
 * synchronous, so that the next caller sees it.
 *
 * @example
 * const turn = new LiveTurn(live);
 * try {
 *   await turn.before;
 *   …
 *   turn.end();
 * } catch (error) {
 *   throw turn.fail(error);
 * }
 */
export class LiveTurn {
  /** Settles when the work before has. Rejects if that failed: its changes are also changes of this work. */
  readonly before: Promise<unknown>;
  readonly #live: LiveSession;
  readonly #work: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  /** Takes the next turn of a session. */
  constructor(live: LiveSession) {
    this.#live = live;
    this.before = live.boundedWait?.() ?? Promise.resolve(live.committing);
    live.boundedWait = undefined;
    this.#work = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // No other work may be waiting for it.
    this.#work.catch(() => undefined);
    live.committing = this.#work;
  }

  /**
   * Lets others wait for this work only for some time. The time begins when they begin to wait. Call it right after the constructor.
   *
   * @param ms the longest wait
   * @param late makes the error of those that wait longer
   */
  bound(ms: number, late: () => Error): void {
    this.#live.boundedWait = async () => {
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise<never>((_resolve, reject) => (timer = setTimeout(() => reject(late()), ms)));
      await Promise.race([this.#work, tooLate]).finally(() => clearTimeout(timer));
    };
  }

  /** The work is done. */
  end(): void {
    this.#leave();
    this.#resolve();
  }

  /** The work has failed, and with it the work that waits. Returns the error. */
  fail<Thrown>(error: Thrown): Thrown {
    this.#leave();
    this.#reject(error);
    return error;
  }

  #leave(): void {
    if (this.#live.committing !== this.#work) return;
    this.#live.committing = undefined;
    this.#live.boundedWait = undefined;
  }
}

/**
 * Runs independent work in a turn of its own. It does not fail if the work before it fails, and its own failure does
 * not fail the work after it.
 *
 * @throws what the work throws
 */
export async function afterOthers<Result>(live: LiveSession, work: () => Promise<Result>): Promise<Result> {
  const turn = new LiveTurn(live);
  await turn.before.catch(() => undefined);
  try {
    return await work();
  } finally {
    turn.end();
  }
}
