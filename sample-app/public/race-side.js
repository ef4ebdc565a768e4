/** What is known of one side of a race: every figure comes from an event. */
export class RaceSide {
  /** @type {Map<number, { n: number, phases: object[], writes: object[], status?: number }>} */
  requests = new Map();
  /** What the session held in the end; undefined until then. */
  content;
  /** When the logout was answered; undefined until then, and where nobody logs out. */
  loggedOutAt;
  #writes = [];

  constructor(count, { logsOut = false } = {}) {
    this.count = count;
    this.logsOut = logsOut;
    for (let n = 1; n <= count + Number(logsOut); n++) this.requests.set(n, { n, phases: [], writes: [] });
  }

  /** Takes note of an event of this side. */
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

  /** The keys that stand in the row now, by the last write that landed; in the end, as they were read. */
  get #standing() {
    if (this.content) return new Set(Object.keys(this.content).map((key) => Number(key.replace(/^tab/, ''))));
    return new Set(this.#writes.at(-1)?.keys);
  }

  /**
   * What has become of a request's key.
   *
   * @returns {'waiting' | 'kept' | 'lost' | 'refused' | 'dropped' | 'revived'} lost: the client was told that it is
   * stored; dropped: the session was ended before; revived: it came back with it
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

  /** How many keys have this fate. */
  total(fate) {
    return Array.from({ length: this.count }, (_, index) => this.fateOf(index + 1)).filter((own) => own === fate).length;
  }

  /** How many writes found a newer row. */
  get retries() {
    return this.#all((request) => request.writes.filter(({ isWritten }) => !isWritten).length);
  }

  /** How many requests went in one write with others. */
  get joined() {
    return this.#all((request) => Number(joinedBy(request) > 0));
  }

  #all(figure) {
    return [...this.requests.values()].reduce((sum, request) => sum + figure(request), 0);
  }
}

/** How many others a request's write carried. */
export function joinedBy({ writes }) {
  const landed = writes.find(({ isWritten }) => isWritten);
  return landed ? landed.carries.length - 1 : 0;
}
