import { setImmediate as turnEnds } from 'node:timers/promises';

/** The length of a text, in characters, above which working on it takes milliseconds. */
export const LARGE_TEXT = 64 * 1024;

/** Gives each piece of work a turn of the event loop of its own, so that other work runs in between. */
export class EventLoopTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves in a turn of the event loop that no other caller gets. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => turnEnds());
    return this.#last;
  }
}
