import { setTimeout as sleep } from 'node:timers/promises';

/** Polls a route that needs no session. */
export class AliveWatch {
  #isStopped = false;
  readonly #slowest: Promise<number>;

  constructor(url: string) {
    this.#slowest = this.#watch(`${url}/alive`);
    // The caller of `stop` gets the failure.
    this.#slowest.catch(() => {});
  }

  /** Returns the time of the slowest answer, in ms. */
  stop(): Promise<number> {
    this.#isStopped = true;
    return this.#slowest;
  }

  async #watch(url: string): Promise<number> {
    let slowest = 0;
    while (!this.#isStopped) {
      const sent = performance.now();
      const text = await (await fetch(url)).text();
      if (text !== 'alive') throw new Error(`Without a session: ${text}`);
      slowest = Math.max(slowest, performance.now() - sent);
      await sleep(20);
    }
    return Math.round(slowest);
  }
}
