import type { ServerResponse } from 'node:http';

type Listener = (...parameters: any[]) => void;

const WAYS = ['on', 'addListener'] as const;

/**
 * Listeners for `drain` that a middleware, such as compression, attaches to its own stream. That stream does not see a write that
 * the gate holds, so it never calls them.
 */
export class RedirectedDrain {
  #listeners: Listener[] = [];

  /** @param isHoldPossible whether a write can still be held */
  constructor(
    private readonly response: ServerResponse,
    isHoldPossible: () => boolean,
  ) {
    for (const way of WAYS.filter((name) => Object.hasOwn(response, name))) this.#watch(way, isHoldPossible);
  }

  /** Whether a middleware attaches a response's listeners to another stream. */
  static isIn(response: ServerResponse): boolean {
    return Object.hasOwn(response, 'on') || Object.hasOwn(response, 'addListener');
  }

  /** Returns the listeners since the last call that the response itself does not have. */
  take(): Listener[] {
    const own = new Set(this.response.rawListeners('drain'));
    const taken = this.#listeners.filter((listener) => !own.has(listener));
    this.#listeners = [];
    return taken;
  }

  #watch(way: (typeof WAYS)[number], isHoldPossible: () => boolean): void {
    const subscribe = this.response[way] as (this: ServerResponse, event: string, listener: Listener) => ServerResponse;
    const note = (listener: Listener) => this.#listeners.push(listener);
    this.response[way] = function (this: ServerResponse, event: string, listener: Listener) {
      if (event === 'drain' && isHoldPossible()) note(listener);
      return subscribe.call(this, event, listener);
    } as ServerResponse['on'];
  }
}
