import type { SessionChange } from './session-watch.js';

/** Calls a watch's `onChange`, one call at a time. Names that change during a call are joined into the next one. */
export class ChangeDeliveries {
  readonly #call: (change: SessionChange) => Promise<void>;
  readonly #waiting = new Map<string, Set<string>>();
  #isCalling = false;

  /** @param call must not reject */
  constructor(call: (change: SessionChange) => Promise<void>) {
    this.#call = call;
  }

  /** Delivers the names of keys of a session. */
  add(handle: string, keys: readonly string[]): void {
    if (keys.length === 0) return;
    const names = this.#waiting.get(handle) ?? new Set();
    for (const key of keys) names.add(key);
    this.#waiting.set(handle, names);
    if (!this.#isCalling) void this.#deliver();
  }

  /** Drops what waits about a session; about all without a handle. */
  drop(handle?: string): void {
    if (handle === undefined) this.#waiting.clear();
    else this.#waiting.delete(handle);
  }

  async #deliver(): Promise<void> {
    this.#isCalling = true;
    for (const [handle, names] of this.#waiting) {
      this.#waiting.delete(handle);
      await this.#call({ handle, keys: [...names] });
    }
    this.#isCalling = false;
  }
}
