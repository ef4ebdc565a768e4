import { setTimeout as sleep } from 'node:timers/promises';

/** The number of the clients and their requests. */
export interface LoadOptions {
  /** Returns the address of a client's next request. */
  readonly urlOf: (n: number) => string;
  readonly clients?: number;
  /** The number of sessions that the clients share. */
  readonly sessions?: number;
  /** The end of a request's path after the key, such as a query. */
  readonly suffix?: string;
}

interface Kept {
  readonly cookie: string;
  /** The keys of the successful requests. */
  readonly acknowledged: string[];
}

/** The time in ms after which a request counts as hung. */
const PATIENCE = 20_000;

/** The pause after an answer without success, so that the clients do not use all CPU time. */
const PAUSE = 20;

/**
 * Clients that send requests until they are stopped. Each request sets its own key in one of a few sessions. Every acknowledged
 * key must be there at the end.
 */
export class Load {
  /** The number of successful answers. */
  acknowledged = 0;
  /** The number of answers with 503 and `Retry-After`. */
  refused = 0;
  /** The number of requests whose connection broke before the answer. */
  unanswered = 0;
  /** The number of requests without a connection. */
  unreachable = 0;
  /** The number of requests without any answer. */
  hung = 0;
  /** The number of other answers, by kind. */
  readonly other: Record<string, number> = {};
  /** The longest time between two successful answers, in ms. */
  longestGap = 0;
  /** The time of the slowest answer, in ms. */
  slowest = 0;

  readonly #sessions: Kept[] = [];
  /** The keys of running requests, with their start. */
  readonly #underWay = new Map<string, number>();
  #isStopped = false;
  #last = 0;
  #clients: Promise<void>[] = [];
  #watchers: (() => void)[] = [];

  private constructor(private readonly terms: LoadOptions) {}

  /** Creates the sessions and starts the clients. */
  static async start(terms: LoadOptions): Promise<Load> {
    const load = new Load(terms);
    const { clients = 16, sessions = 4, urlOf } = terms;
    for (let n = 0; n < sessions; n++) load.#sessions.push(await newSession(urlOf(n)));
    load.#last = performance.now();
    load.#clients = Array.from({ length: clients }, (_, n) => load.#run(n));
    return load;
  }

  /** Waits until this many more requests have succeeded. */
  async progress(count: number): Promise<void> {
    const goal = this.acknowledged + count;
    const from = performance.now();
    while (this.acknowledged < goal) {
      if (performance.now() - from > PATIENCE) throw new Error(`The clients made no progress: ${JSON.stringify(this.figures())}`);
      await new Promise<void>((resolve) => {
        this.#watchers.push(resolve);
        setTimeout(resolve, 1000).unref();
      });
    }
  }

  /** Waits for the answers of running requests. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  /** Returns the keys of requests that were sent at least this many ms ago and are not answered yet. */
  underWay(ms: number): string[] {
    return [...this.#underWay].filter(([, sent]) => performance.now() - sent >= ms).map(([key]) => key);
  }

  isAcknowledged(key: string): boolean {
    return this.#sessions.some(({ acknowledged }) => acknowledged.includes(key));
  }

  /** Returns the number of acknowledged keys that are missing at `url`. */
  async lost(url: string): Promise<number> {
    let lost = 0;
    for (const { cookie, acknowledged } of this.#sessions) {
      const session = (await (await fetch(`${url}/session`, { headers: { cookie } })).json()) as object;
      lost += acknowledged.filter((key) => !(key in session)).length;
    }
    return lost;
  }

  figures() {
    const { acknowledged, refused, unanswered, unreachable, hung, other, longestGap, slowest } = this;
    return {
      acknowledged,
      refused,
      unanswered,
      unreachable,
      hung,
      ...other,
      longestGap: Math.round(longestGap),
      slowest: Math.round(slowest),
    };
  }

  async #run(client: number): Promise<void> {
    const session = this.#sessions[client % this.#sessions.length]!;
    for (let n = 0; !this.#isStopped; n++) {
      const key = `c${client}n${n}`;
      const sent = performance.now();
      this.#underWay.set(key, sent);
      const isAcknowledged = await this.#send(client + n, session, key);
      this.#underWay.delete(key);
      this.slowest = Math.max(this.slowest, performance.now() - sent);
      if (!isAcknowledged) await sleep(PAUSE);
    }
  }

  async #send(n: number, { cookie, acknowledged }: Kept, key: string): Promise<boolean> {
    const url = `${this.terms.urlOf(n)}/keys/${key}${this.terms.suffix ?? ''}`;
    try {
      const response = await fetch(url, { method: 'POST', headers: { cookie }, signal: AbortSignal.timeout(PATIENCE) });
      await response.arrayBuffer();
      if (response.status === 201) {
        acknowledged.push(key);
        this.#acknowledge();
        return true;
      }
      if (isClear(response)) this.refused++;
      else this.#count(`${response.status}`);
    } catch (error) {
      if ((error as Error).name === 'TimeoutError') this.hung++;
      else if (isUnreachable(error)) this.unreachable++;
      else this.unanswered++;
    }
    return false;
  }

  #acknowledge(): void {
    const now = performance.now();
    this.acknowledged++;
    this.longestGap = Math.max(this.longestGap, now - this.#last);
    this.#last = now;
    for (const resolve of this.#watchers.splice(0)) resolve();
  }

  #count(answer: string): void {
    this.other[answer] = (this.other[answer] ?? 0) + 1;
  }
}

/** Whether an answer reports an outage with `Retry-After` and does not change the cookie. */
function isClear({ status, headers }: Response): boolean {
  return status === 503 && headers.has('retry-after') && !headers.has('set-cookie');
}

function isUnreachable(error: unknown): boolean {
  return ((error as Error).cause as { code?: string } | undefined)?.code === 'ECONNREFUSED';
}

async function newSession(url: string): Promise<Kept> {
  const response = await fetch(`${url}/keys/start`, { method: 'POST' });
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
  if (!cookie) throw new Error(`No session was made: ${response.status} ${await response.text()}`);
  return { cookie, acknowledged: ['start'] };
}
