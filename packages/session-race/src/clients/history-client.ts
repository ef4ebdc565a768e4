import { setTimeout as sleep } from 'node:timers/promises';
import type { Change, Found } from './change.js';
import type { HistoryRequest, OperationName, Outcome, Values } from '../history/history-request.js';
import { OPERATIONS } from './operations.js';
import { sessionOf, type SessionPlace, type SharedSession } from './shared-session.js';

/** How long a client waits for an answer, in ms: longer than the app may take. */
const PATIENCE = 15_000;

/** So many keys of its own a client keeps in a session, so that it stays small. */
const MOST_OWN_KEYS = 8;

type PresentOperation = keyof typeof OPERATIONS;

/** The settings that all clients of a run share. */
export interface ClientSettings {
  /** Where the processes listen. */
  readonly urls: readonly string[];
  readonly places: readonly SessionPlace[];
  readonly operations: readonly PresentOperation[];
  /** How long a client pauses after an error, in ms. Not at all if undefined. */
  readonly pause?: number;
  keyOf(sessionId: string): string;
  record(request: HistoryRequest): void;
}

/** A request before it is sent. */
interface Sent {
  readonly operation: OperationName;
  readonly path: string;
  readonly owner: string;
  readonly session: SharedSession | undefined;
  readonly change: Change;
}

/** One client: sends one request after the other, each to a process picked at random, on a session picked at random. */
export class HistoryClient {
  readonly #ownKeys = new Map<string, string[]>();
  #last = 0;

  /** @param random numbers from 0 to 1, by a seed */
  constructor(
    private readonly n: number,
    private readonly random: () => number,
    private readonly settings: ClientSettings,
  ) {}

  /** Sends requests until it is told to stop. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#step(this.#pick(this.settings.places));
  }

  async #step(place: SessionPlace): Promise<void> {
    // Now and then somebody comes with a cookie whose session has ended.
    const session = this.random() < 0.02 ? (place.previous ?? place.current) : place.current;
    if (!session) return this.#begin(place);
    const operation = this.#pickOperation(session);
    if (operation === 'login') return this.#login(place, session);
    const request = await this.#send(this.#draft(operation, session));
    if (request.outcome === 'gone' || operation === 'logout') place.end(session);
    this.#remember(request);
  }

  async #begin(place: SessionPlace): Promise<void> {
    const owner = this.#next();
    const puts = { owner: `${owner}:owner`, [`k${owner}`]: `${owner}:first` };
    const { cookie } = await this.#send({
      operation: 'begin',
      path: 'begin',
      owner,
      session: undefined,
      change: { puts, deletes: [], wait: 0 },
    });
    if (cookie) place.begin(sessionOf(cookie, owner, this.settings.keyOf));
  }

  async #login(place: SessionPlace, session: SharedSession): Promise<void> {
    const owner = this.#next();
    const { cookie } = await this.#send({
      ...this.#draft('login', session),
      owner,
      change: { puts: { owner: `${owner}:owner` }, deletes: [], wait: this.#wait() },
    });
    place.end(session);
    if (cookie) place.begin(sessionOf(cookie, owner, this.settings.keyOf));
  }

  #draft(operation: PresentOperation, session: SharedSession): Sent {
    const { owner } = session;
    const { path, puts, deletes } = OPERATIONS[operation];
    const n = this.#next();
    const context = {
      value: `${owner}:${n}`,
      ownKey: `k${n}`,
      putKey: this.#ownKeys.get(owner)?.[0],
      sharedKey: `shared${Math.floor(this.random() * 3)}`,
    };
    return {
      operation,
      path,
      owner,
      session,
      change: { puts: puts?.(context) ?? {}, deletes: deletes?.(context) ?? [], wait: this.#wait() },
    };
  }

  async #send({ operation, path, owner, session, change }: Sent): Promise<HistoryRequest & { readonly cookie?: string }> {
    const process = Math.floor(this.random() * this.settings.urls.length);
    const startedAt = performance.now();
    const answer = await this.#ask(`${this.settings.urls[process]}/${path}`, change, session?.cookie);
    const { seen } = answer;
    const request: HistoryRequest = {
      client: this.n,
      process,
      operation,
      owner,
      startedAt,
      endedAt: performance.now(),
      outcome: answer.outcome,
      puts: change.puts,
      // A key that was not there was not deleted.
      deletes: seen ? change.deletes.filter((key) => key in seen) : change.deletes,
      ...(session ? { key: session.key } : {}),
      ...(answer.cookie ? { newKey: sessionOf(answer.cookie, owner, this.settings.keyOf).key } : {}),
      ...(seen ? { seen } : {}),
      ...(answer.error === undefined ? {} : { error: answer.error }),
    };
    this.settings.record(request);
    const { pause = 0 } = this.settings;
    if (pause > 0 && answer.error !== undefined) await sleep(pause);
    return { ...request, ...(answer.cookie ? { cookie: answer.cookie } : {}) };
  }

  async #ask(url: string, change: Change, cookie = ''): Promise<{ outcome: Outcome; seen?: Values; cookie?: string; error?: string }> {
    try {
      const headers = { 'content-type': 'application/json', cookie };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(change), signal: AbortSignal.timeout(PATIENCE) });
      const body = await response.text();
      // A logout sends an empty cookie, which gives no id.
      const given = response.headers.getSetCookie().find((set) => !/^[^=]+=;/.test(set));
      if (!response.ok) return { outcome: response.status === 500 ? 'failed' : 'unknown', error: `${response.status} ${body}` };
      const { seen } = JSON.parse(body) as Found;
      return {
        outcome: seen || cookie === '' ? 'ok' : 'gone',
        ...(seen ? { seen } : {}),
        ...(given ? { cookie: given.split(';')[0]! } : {}),
      };
    } catch (error) {
      return { outcome: (error as Error).name === 'TimeoutError' ? 'hung' : 'unknown', error: String(error) };
    }
  }

  /** Keeps in mind which keys of its own are in a session. */
  #remember({ operation, outcome, owner, puts, deletes }: HistoryRequest): void {
    const keys = this.#ownKeys.get(owner) ?? [];
    if (operation === 'put' && outcome === 'ok') this.#ownKeys.set(owner, [...keys, ...Object.keys(puts)]);
    if (operation === 'forget')
      this.#ownKeys.set(
        owner,
        keys.filter((key) => !deletes.includes(key)),
      );
  }

  #pickOperation({ owner }: SharedSession): PresentOperation {
    const kept = this.#ownKeys.get(owner)?.length ?? 0;
    if (kept >= MOST_OWN_KEYS) return 'forget';
    const possible = this.settings.operations.filter((name) => name !== 'forget' || kept > 0);
    let left = this.random() * possible.reduce((sum, name) => sum + OPERATIONS[name].weight, 0);
    return possible.find((name) => (left -= OPERATIONS[name].weight) < 0) ?? 'read';
  }

  /** In ms: mostly short, now and then so long that others come and go meanwhile. */
  #wait(): number {
    return this.random() < 0.1 ? this.random() * 30 : this.random() * 3;
  }

  #next(): string {
    return `${this.n}-${this.#last++}`;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.random() * items.length)]!;
  }
}
