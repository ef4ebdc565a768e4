/** A session that this process has destroyed by its id, by its handle or with its user's others. */
interface EndedSession {
  /** When, on this process's monotonic clock, in ms. */
  at: number;
  /** Its record was there, so that this has ended it, and nothing before; undefined while the database is asked. */
  wasStored: boolean | undefined;
  /** A response has told the browser. */
  isTold: boolean;
}

/** Each request needs its own only until its response; what is older than so many others is forgotten. */
const MOST = 10_000;

/**
 * The sessions that were destroyed lately, by storage key. A request may still hold one of them: one that was never
 * stored must not be inserted afterwards, and no cookie of a destroyed session may be sent.
 */
export class EndedSessions {
  readonly #ended = new Map<string, EndedSession>();

  /** Whether there is none: then nothing need be looked for. */
  get isEmpty(): boolean {
    return this.#ended.size === 0;
  }

  /** Notes a session before it is destroyed. */
  begin(storageKey: string): void {
    const known = this.#ended.get(storageKey);
    if (known) known.at = performance.now();
    else this.#ended.set(storageKey, { at: performance.now(), wasStored: undefined, isTold: false });
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > MOST) this.#ended.delete(oldest!);
  }

  /** Notes what became of it: whether a record was destroyed. */
  conclude(storageKey: string, wasStored: boolean): void {
    const known = this.#ended.get(storageKey);
    if (known) known.wasStored = known.wasStored === true || wasStored;
  }

  /** Forgets a session that could not be destroyed. */
  giveUp(storageKey: string): void {
    if (!this.#ended.get(storageKey)?.wasStored) this.#ended.delete(storageKey);
  }

  /**
   * Whether a session was destroyed since the request has it; another may have been made under its id. While the database is still asked, a stored session counts as
   * live: its destruction may fail, and until then its commits count.
   */
  has(storageKey: string, since: number, isNew: boolean): boolean {
    const known = this.#ended.get(storageKey);
    return known !== undefined && known.at >= since && (isNew || known.wasStored !== undefined);
  }

  /** Whether a session is being destroyed. */
  isPending(storageKey: string): boolean {
    const known = this.#ended.get(storageKey);
    return known !== undefined && known.wasStored === undefined;
  }

  /**
   * Whether a response is to tell its browser that the session has ended. One response is enough: a later one could
   * take away the cookie of a login in between.
   *
   * @param isOwn whether the request is known to have ended the session that its cookie names
   */
  claim(storageKey: string, isOwn: boolean): boolean {
    const known = this.#ended.get(storageKey);
    if (!known || known.isTold || (known.wasStored === false && !isOwn)) return false;
    known.isTold = true;
    return true;
  }
}
