import { setImmediate as turnEnds } from 'node:timers/promises';

/** Runs rounds one after the other: one at each interval, and one soon after `soon`. The timer does not keep the process alive. */
export class PollRounds {
  readonly #interval: number;
  readonly #tick: () => void;
  readonly #round: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #isWanted = false;
  #running: Promise<void> | undefined;

  /**
   * @param interval in ms
   * @param tick is called at each interval
   * @param round must not reject
   */
  constructor(interval: number, tick: () => void, round: () => Promise<void>) {
    this.#interval = interval;
    this.#tick = tick;
    this.#round = round;
  }

  /** Begins the intervals, unless they run. */
  start(): void {
    this.#timer ??= setInterval(this.#tick, this.#interval).unref();
  }

  /** Ends the intervals. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#isWanted = false;
  }

  /** Runs a round after this turn of the event loop, or after the round in progress. */
  soon(): void {
    this.#isWanted = true;
    this.#running ??= this.#run();
  }

  /** Settles after the round in progress. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // A turn may ask for many rounds, such as one for each socket that connects.
    await turnEnds();
    while (this.#isWanted) {
      this.#isWanted = false;
      await this.#round();
    }
    this.#running = undefined;
  }
}
