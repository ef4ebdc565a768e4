import type { Answer, Request, Store } from './operation.js';

/** Operations on sessions, through an app on each node. Each key is a session. */
export class SessionStore implements Store {
  readonly #cookies: string[] = [];
  /** How many responses had each status other than success. */
  readonly failures: Record<string, number> = {};

  private constructor(private readonly urls: readonly string[]) {}

  /** Starts so many sessions. */
  static async create(urls: readonly string[], keys: number): Promise<SessionStore> {
    const store = new SessionStore(urls);
    for (let key = 0; key < keys; key++) {
      const { headers } = await fetch(`${urls[key % urls.length]}/workload/begin`, { method: 'POST' });
      store.#cookies.push(headers.getSetCookie()[0]!.split(';')[0]!);
    }
    return store;
  }

  get nodes(): number {
    return this.urls.length;
  }

  async ask(node: number, _client: number, key: number, request: Request): Promise<Answer> {
    const response = await fetch(`${this.urls[node]}/workload/${pathOf(request)}`, {
      method: request.kind === 'read' ? 'GET' : 'POST',
      headers: { cookie: this.#cookies[key]! },
    });
    const body: unknown = await response.json();
    if (response.ok) return { outcome: 'done', ...(body as Partial<Answer>) };
    this.failures[response.status] = (this.failures[response.status] ?? 0) + 1;
    return { outcome: 'unknown' };
  }
}

function pathOf(request: Request): string {
  switch (request.kind) {
    case 'append':
      return `append/${request.element}`;
    case 'exchange':
      return `exchange/${request.from}/${request.to}`;
    default:
      return request.kind;
  }
}
