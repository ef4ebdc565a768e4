import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again for what needs no session. */
export class AliveWatch {
  #isStopped = false;
  readonly #slowest: Promise<number>;

  constructor(url: string) {
    this.#slowest = this.#watch(`${url}/alive`);
    // Who asks for it hears of a failure.
    this.#slowest.catch(() => {});
  }

  /** The slowest answer, in ms. */
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
