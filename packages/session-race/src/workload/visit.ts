import { setTimeout as sleep } from 'node:timers/promises';
import type { RaceTarget } from '../targets/target.js';
import { hasOne, lacksOne, type Browser, type Exchange } from './browser.js';
import type { Abilities } from './preflight.js';
import type { RaceSettings } from './race-settings.js';

/** The pauses before acknowledged values are looked for again, as parts of `settle`. */
const PAUSES = [0.2, 0.8];

/** One browser's part of a round: what it does from the beginning of its session to its end. */
export class Visit {
  constructor(
    private readonly browser: Browser,
    private readonly target: RaceTarget,
    private readonly settings: RaceSettings,
    private readonly abilities: Abilities,
    private readonly random: () => number,
  ) {}

  /** How many requests one visit sends at most. */
  static mostRequests({ clients }: RaceSettings, places: number): number {
    return 2 + 4 + 2 * clients + (PAUSES.length + 1) * places + clients + 1 + 2 * (PAUSES.length + 1) * places;
  }

  /** @param n the number of the round, which decides how the session ends */
  async run(n: number): Promise<void> {
    const first = await this.#send({ operation: 'begin', key: 'first' }, 0, 0);
    if (first.answer.outcome !== 'ok') return;
    await this.#oneByOne();
    await this.#allAtOnce();
    await this.#settle();
    const ending = this.abilities.endings[n % Math.max(1, this.abilities.endings.length)];
    if (ending) await this.#end(ending);
  }

  /** Each update is answered before the next request begins, so that a read which lacks it is stale, and not overtaken. */
  async #oneByOne(): Promise<void> {
    for (const n of [1, 2]) {
      await this.#send({ operation: 'set', key: `single${n}` });
      await this.#send({ operation: 'read' });
    }
  }

  /** All tabs set a key of their own at the same time, and then read, or set a key that all of them set. */
  async #allAtOnce(): Promise<void> {
    await this.#inAllTabs(async (tab) => {
      await this.#send({ operation: 'set', key: `tab${tab}` }, tab);
      if (this.random() < 0.5) await this.#send({ operation: 'read' }, tab);
      else await this.#send({ operation: 'set', key: 'shared' }, tab);
    });
  }

  /** Looks for what was acknowledged when everything is answered; again after a while, because some stores take a while to show it. */
  async #settle(): Promise<void> {
    for (const pause of [0, ...PAUSES]) {
      await sleep(pause * this.settings.settle);
      const reads = await this.#readEverywhere();
      if (reads.every(({ request }) => !lacksOne(this.browser.acknowledged, request.seen))) return;
    }
  }

  /** One tab ends the session while the others set keys. Then nothing may find it: not the browser, and not a copy of its cookie. */
  async #end(operation: 'logout' | 'regenerate'): Promise<void> {
    const { cookies, session, acknowledged } = this.browser;
    const window = 2 * Math.max(1, this.settings.wait);
    await this.#inAllTabs(async (tab) => {
      await sleep(this.random() * window);
      if (tab === 0) await this.#send({ operation }, tab);
      else await this.#send({ operation: 'set', key: `late${tab}` }, tab);
    });
    for (const pause of [0, ...PAUSES]) {
      await sleep(pause * this.settings.settle);
      const old = this.abilities.oldCookiesEnd ? await this.#readEverywhere(cookies, session) : [];
      // After a regeneration the browser may well see what was carried over to the new session.
      const own = operation === 'logout' ? await this.#readEverywhere() : [];
      if ([...old, ...own].every(({ request }) => !hasOne(acknowledged, request.seen))) return;
    }
  }

  #inAllTabs(work: (tab: number) => Promise<unknown>): Promise<unknown> {
    return Promise.all(Array.from({ length: this.settings.clients }, (_, tab) => work(tab)));
  }

  async #readEverywhere(cookies?: string, session?: string): Promise<Exchange[]> {
    const { browser, target } = this;
    const asked = target.places.map((_, place) =>
      browser.send({ tab: 0, place, operation: 'read', ...(cookies === undefined ? {} : { cookies }), ...(session ? { session } : {}) }),
    );
    return Promise.all(asked);
  }

  #send(request: Pick<Parameters<Browser['send']>[0], 'operation' | 'key'>, tab = 0, place = this.#anyPlace()): Promise<Exchange> {
    return this.browser.send({ tab, place, wait: Math.floor(this.random() * (this.settings.wait + 1)), ...request });
  }

  #anyPlace(): number {
    return Math.floor(this.random() * this.target.places.length);
  }
}
