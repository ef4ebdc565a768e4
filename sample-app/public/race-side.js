/** The events of one side of a race, and the figures that follow from them. */
export class RaceSide {
  /** @type {Map<number, { n: number, phases: object[], writes: object[], status?: number }>} */
  requests = new Map();
  /** The session at the end; undefined until then. */
  content;
  /** The time of the logout's answer; undefined until then, and if there is no logout. */
  loggedOutAt;
  #writes = [];

  constructor(count, { logsOut = false } = {}) {
    this.count = count;
    this.logsOut = logsOut;
    for (let n = 1; n <= count + Number(logsOut); n++) this.requests.set(n, { n, phases: [], writes: [] });
  }

  /** Adds an event of this side. */
  add(event) {
    if (event.type === 'phase') this.requests.get(event.n).phases.push(event);
    if (event.type === 'answer') this.#answered(event);
    if (event.type === 'result') this.content = event.content;
    if (event.type !== 'write') return;
    for (const n of event.carries) this.requests.get(n).writes.push(event);
    if (event.isWritten) this.#writes.push(event);
    this.#writes.sort((a, b) => a.to - b.to);
  }

  #answered({ n, status, at }) {
    this.requests.get(n).status = status;
    if (this.logsOut && n > this.count) this.loggedOutAt = at;
  }

  /** The keys in the row after the last write so far; at the end, the keys that were read. */
  get #standing() {
    if (this.content) return new Set(Object.keys(this.content).map((key) => Number(key.replace(/^tab/, ''))));
    return new Set(this.#writes.at(-1)?.keys);
  }

  /**
   * Returns what happened to a request's key.
   *
   * @returns {'waiting' | 'kept' | 'lost' | 'refused' | 'dropped' | 'revived'} lost: the client got a success; dropped: the
   *   session was destroyed before; revived: the key restored the session
   */
  fateOf(n) {
    const { status, writes } = this.requests.get(n);
    if (this.logsOut) return this.#fateAfterLogout(n);
    if (this.#standing.has(n)) return 'kept';
    if (status >= 400) return 'refused';
    const hasLanded = writes.some(({ isWritten }) => isWritten);
    return hasLanded || (this.content && status) ? 'lost' : 'waiting';
  }

  #fateAfterLogout(n) {
    if (!this.content) return 'waiting';
    return this.#standing.has(n) ? 'revived' : 'dropped';
  }

  /** Returns the number of keys with this fate. */
  total(fate) {
    return Array.from({ length: this.count }, (_, index) => this.fateOf(index + 1)).filter((own) => own === fate).length;
  }

  /** The number of writes that found a newer row. */
  get retries() {
    return this.#all((request) => request.writes.filter(({ isWritten }) => !isWritten).length);
  }

  /** The number of requests that shared a write with others. */
  get sharers() {
    return this.#all((request) => Number(othersIn(request) > 0));
  }

  #all(figure) {
    return [...this.requests.values()].reduce((sum, request) => sum + figure(request), 0);
  }
}

/** Returns the number of other requests in a request's write. */
export function othersIn({ writes }) {
  const landed = writes.find(({ isWritten }) => isWritten);
  return landed ? landed.carries.length - 1 : 0;
}
