/** How long a statement holds up the next one, in ms. Statements of a database nearby are answered earlier, so that many items share one. */
const SHORT_WAIT = 5;

/** With this many statements in flight, the next one waits until one of them is answered, so that they do not take up the whole pool. */
const MANY = 4;

/** The longest that even many statements hold up the next one, in ms: they may all wait for locks. */
const LONG_WAIT = 50;

/** Decides when the next statement may be sent. */
export class Pace {
  readonly #opened: () => void;
  readonly #isBlocking: boolean;
  #inFlight = 0;
  /** The latest statement, while it holds up the next one. */
  #holder: object | undefined;
  #isCrowded = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param opened called when the next statement may be sent
   * @param isBlocking see `BatcherSettings`
   */
  constructor(opened: () => void, isBlocking: boolean) {
    this.#opened = opened;
    this.#isBlocking = isBlocking;
  }

  /** Whether a statement may be sent now. */
  get isOpen(): boolean {
    return this.#holder === undefined;
  }

  /** Notes that a statement is sent. Returns the function to call when it is answered. */
  sent(): () => void {
    const statement = {};
    this.#holder = statement;
    this.#inFlight++;
    this.#wait(statement, SHORT_WAIT);
    return () => {
      this.#inFlight--;
      if (this.#holder === statement || this.#isCrowded) this.#answered(this.#holder);
    };
  }

  #answered(holder: object | undefined): void {
    clearTimeout(this.#timer);
    if (this.#isBlocking) setImmediate(() => this.#open(holder));
    else this.#open(holder);
  }

  #wait(statement: object, ms: number): void {
    // The answer may have arrived while the event loop was busy. It is read before the callback of setImmediate runs.
    this.#timer = setTimeout(() => setImmediate(() => this.#waited(statement)), ms).unref();
  }

  #waited(statement: object): void {
    if (this.#holder !== statement) return;
    if (this.#inFlight < MANY || this.#isCrowded) return this.#open(statement);
    this.#isCrowded = true;
    this.#wait(statement, LONG_WAIT - SHORT_WAIT);
  }

  #open(holder: object | undefined): void {
    if (this.#holder !== holder) return;
    this.#holder = undefined;
    this.#isCrowded = false;
    this.#opened();
  }
}
