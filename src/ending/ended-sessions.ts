/** A session that this process has destroyed by its id, by its handle or with its user's others. */
interface EndedSession {
  /** When, on this process's monotonic clock, in ms. */
  at: number;
  /** Whether the record was there, so that this destruction has ended the session; undefined while the statement is in flight. */
  wasStored: boolean | undefined;
  /** Whether a response has cleared the cookie. */
  isTold: boolean;
}

/** How many sessions are kept. A request needs its own only until its response; the oldest is dropped. */
const MOST = 10_000;

/**
 * The sessions that were destroyed a short time ago, by storage key. A request may still have one of them. If it was
 * never stored, it must not be inserted afterwards, and no cookie of a destroyed session may be sent.
 */
export class EndedSessions {
  readonly #ended = new Map<string, EndedSession>();

  /** Whether there is none. */
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

  /** Notes whether a record was destroyed. */
  conclude(storageKey: string, wasStored: boolean): void {
    const known = this.#ended.get(storageKey);
    if (known) known.wasStored = known.wasStored === true || wasStored;
  }

  /** Forgets a session that could not be destroyed. */
  giveUp(storageKey: string): void {
    if (!this.#ended.get(storageKey)?.wasStored) this.#ended.delete(storageKey);
  }

  /**
   * Whether a session was destroyed after the request had it: another session may have been made under its id since. While the
   * statement is in flight, a stored session counts as live, because the statement may fail.
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
   * Whether a response must clear the cookie of its ended session. Only the first response does: a later one could
   * clear the cookie of a new login.
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
