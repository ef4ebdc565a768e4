import { setImmediate as turnEnds } from 'node:timers/promises';

/** In characters. Work on a larger session takes milliseconds. */
export const LARGE = 64 * 1024;

/** Gives each piece of work a turn of the event loop of its own, so that other work runs in between. */
export class Pace {
  #last: Promise<void> = Promise.resolve();

  /** Resolves in a turn that no other piece of work has. */
  turn(): Promise<void> {
    this.#last = this.#last.then(() => turnEnds());
    return this.#last;
  }
}
