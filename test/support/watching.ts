import type { SessionChange, SessionEnd, SessionService, SessionWatch, WatchOptions } from '../../src/index.js';

/** In ms. A test that waits longer has failed. */
const LONGEST = 15_000;

/** A watch that records what it is told, and lets a test wait for it. */
export class Watching {
  readonly ends: SessionEnd[] = [];
  readonly changes: SessionChange[] = [];
  readonly watch: SessionWatch;
  #told = Promise.withResolvers<void>();

  constructor(sessions: SessionService, target: Parameters<SessionService['watch']>[0], { keys }: Pick<WatchOptions, 'keys'> = {}) {
    this.watch = sessions.watch(target, {
      onEnd: (end) => this.#note(() => this.ends.push(end)),
      ...(keys ? { keys, onChange: (change) => this.#note(() => this.changes.push(change)) } : {}),
    });
  }

  /** Waits for the next end. */
  end(): Promise<SessionEnd> {
    return this.#next(() => this.ends.at(-1));
  }

  /** Waits for a change of these keys. */
  async changed(...keys: string[]): Promise<void> {
    await this.#next(() => keys.every((key) => this.changes.some((change) => change.keys.includes(key))) || undefined);
  }

  #note(add: () => void): void {
    add();
    this.#told.resolve();
    this.#told = Promise.withResolvers();
  }

  async #next<Found>(find: () => Found | undefined): Promise<Found> {
    const deadline = performance.now() + LONGEST;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('The watch was told nothing.')), deadline - performance.now());
      });
      await Promise.race([this.#told.promise, late]).finally(() => clearTimeout(timer));
    }
  }
}
