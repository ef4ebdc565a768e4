import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import session from 'express-session';

export type Values = Record<string, unknown>;
export type LiveSession = session.Session & Values;
export type Handler = (live: LiveSession) => unknown;

export interface Visit {
  readonly status: number;
  readonly cookie: string;
}

/** An app of express-session on Node's server, in which each request brings its handler, so that a test can order its steps. */
export class HandlerApp {
  readonly #handlers = new Map<string, Handler>();
  #count = 0;

  private constructor(
    private readonly server: Server,
    private readonly store: session.Store,
  ) {}

  static async start(store: session.Store): Promise<HandlerApp> {
    const sessions = session({ store, secret: 'of the tests', resave: false, saveUninitialized: false });
    const server = createServer((request, response) => {
      sessions(request as never, response as never, (error: unknown) => {
        if (error) return response.headersSent ? undefined : fail(response, error);
        const { session: live } = request as unknown as { session: LiveSession };
        void app.#run(request.url!.slice(1), live, response);
      });
    });
    const app = new HandlerApp(server, store);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return app;
  }

  async #run(name: string, live: LiveSession, response: ServerResponse): Promise<void> {
    try {
      await this.#handlers.get(name)!(live);
      response.end('done');
    } catch (error) {
      fail(response, error);
    }
  }

  async visit(cookie: string, handler: Handler): Promise<Visit> {
    const name = String(++this.#count);
    this.#handlers.set(name, handler);
    const { port } = this.server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/${name}`, { headers: cookie ? { cookie } : {} });
    await response.text();
    return { status: response.status, cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie };
  }

  /** Sends a request whose handler waits, after its load, until it is told to finish. */
  async begin(cookie: string, handler: Handler): Promise<{ finish(): Promise<Visit> }> {
    const loaded = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const answer = this.visit(cookie, async (live) => {
      loaded.resolve();
      await gate.promise;
      await handler(live);
    });
    await loaded.promise;
    return { finish: () => (gate.resolve(), answer) };
  }

  /** Lets one request load, runs the other one whole, and then lets the first one finish. */
  async overtake(cookie: string, slow: Handler, fast: Handler): Promise<void> {
    const late = await this.begin(cookie, slow);
    await this.visit(cookie, fast);
    await late.finish();
  }

  /** Ends after the reads that the watch does after a save. */
  async settle(): Promise<void> {
    for (let reads = 0; reads < 3; reads++) await new Promise((resolve) => this.store.get('none', resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function fail(response: ServerResponse, error: unknown): void {
  response.writeHead(500).end(String(error));
}

/** Ends the session. */
export function logOut(live: LiveSession): Promise<void> {
  return new Promise((resolve, reject) => live.destroy((error) => (error ? reject(error as Error) : resolve())));
}

/** Two requests of a session with `{ kept: 1, nested: { x: 1 } }`: the second one runs while the first one's handler waits. */
export const OVERTAKES: readonly [story: string, slow: Handler, fast: Handler, found: object][] = [
  ['another key is set', (s) => (s.mine = 1), (s) => (s.other = 1), { lost: 1, lostByKey: { other: 1 } }],
  ['another key is changed', (s) => (s.mine = 1), (s) => (s.kept = 2), { lost: 1, lostByKey: { kept: 1 } }],
  ['another key is deleted', (s) => (s.mine = 1), (s) => delete s.kept, { lost: 1, lostByKey: { kept: 1 } }],
  ['a nested value is changed', (s) => (s.mine = 1), (s) => ((s.nested as Values).x = 2), { lost: 1, lostByKey: { nested: 1 } }],
  ['two keys are set', (s) => (s.mine = 1), (s) => Object.assign(s, { b: 1, c: 1 }), { lost: 2, lostByKey: { b: 1, c: 1 } }],
  ['both change one key', (s) => (s.kept = 3), (s) => (s.kept = 2), { lost: 0 }],
  ['both change one key alike', (s) => (s.kept = 2), (s) => (s.kept = 2), { lost: 0 }],
  ['one deletes the key that the other one changes', (s) => delete s.kept, (s) => (s.kept = 2), { lost: 0 }],
  ['the slow one only reads', () => {}, (s) => (s.other = 1), { lost: 0, checked: 1 }],
  ['the fast one only reads', (s) => (s.mine = 1), () => {}, { lost: 0, checked: 1 }],
  ['the fast one logs out', (s) => (s.mine = 1), logOut, { lost: 0, resurrected: 1 }],
  ['the slow one logs out', logOut, (s) => (s.other = 1), { lost: 0, resurrected: 0 }],
  ['the slow one only reads, the fast one logs out', () => {}, logOut, { resurrected: 0 }],
];

/** Begins the session that the stories are about. */
export async function beginSession(app: HandlerApp): Promise<string> {
  return (await app.visit('', (s) => Object.assign(s, { kept: 1, nested: { x: 1 } }))).cookie;
}
