import { setTimeout as sleep } from 'node:timers/promises';

/** What clients do, and how many. */
export interface LoadOptions {
  /** Where they send their next request. */
  readonly urlOf: (n: number) => string;
  readonly clients?: number;
  /** Sessions that the clients share. */
  readonly sessions?: number;
  /** What follows the key in a request's path, such as a query. */
  readonly suffix?: string;
}

interface Kept {
  readonly cookie: string;
  /** The keys whose request was answered with success. */
  readonly acknowledged: string[];
}

/** After this long a request counts as hung, in ms. */
const PATIENCE = 20_000;

/** After an answer that is no success, so that clients do not run hot. */
const PAUSE = 20;

/**
 * Clients that send requests until they are stopped, each of which sets a key of its own in one of a few sessions.
 * What was acknowledged must be there in the end.
 */
export class Load {
  /** Answers with success. */
  acknowledged = 0;
  /** Answers with 503 and a time to come back. */
  refused = 0;
  /** Requests whose connection broke before an answer. */
  unanswered = 0;
  /** Requests that found nobody to connect to. */
  unreachable = 0;
  /** Requests that had no answer at all. */
  hung = 0;
  /** Every other answer, by what it was. */
  readonly other: Record<string, number> = {};
  /** The longest time between two acknowledgements, in ms. */
  longestGap = 0;
  /** The slowest answer, in ms. */
  slowest = 0;

  readonly #sessions: Kept[] = [];
  /** The keys whose requests are under way, and since when. */
  readonly #underWay = new Map<string, number>();
  #isStopped = false;
  #last = 0;
  #clients: Promise<void>[] = [];
  #watchers: (() => void)[] = [];

  private constructor(private readonly terms: LoadOptions) {}

  /** Makes the sessions, and starts the clients. */
  static async start(terms: LoadOptions): Promise<Load> {
    const load = new Load(terms);
    const { clients = 16, sessions = 4, urlOf } = terms;
    for (let n = 0; n < sessions; n++) load.#sessions.push(await newSession(urlOf(n)));
    load.#last = performance.now();
    load.#clients = Array.from({ length: clients }, (_, n) => load.#run(n));
    return load;
  }

  /** Waits until so many more requests were acknowledged. */
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

  /** Lets the clients finish what they have sent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  /** The keys whose requests were sent at least so many ms ago, and are not answered yet. */
  underWay(ms: number): string[] {
    return [...this.#underWay].filter(([, sent]) => performance.now() - sent >= ms).map(([key]) => key);
  }

  isAcknowledged(key: string): boolean {
    return this.#sessions.some(({ acknowledged }) => acknowledged.includes(key));
  }

  /** How many acknowledged keys are not there, asking at `url`. */
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

/** Says that the service is not there, when to come back, and leaves the cookie alone. */
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
