import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import session from 'express-session';

type LiveRequest = IncomingMessage & { session: session.Session & Record<string, unknown> };

/** The parts of the app that a test changes. */
export interface AppSettings {
  readonly store?: session.Store;
  /** Options of express-session, besides the store. */
  readonly session?: Partial<session.SessionOptions>;
  /** Answers instead of the app, if it returns true. */
  readonly before?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** An app of express-session on Node's server, with the routes that need no config. */
export class RaceApp {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start({
    store = new session.MemoryStore(),
    before = () => false,
    session: options = {},
  }: AppSettings = {}): Promise<RaceApp> {
    const sessions = session({ store, secret: 'of the tests', resave: false, saveUninitialized: false, ...options });
    const server = createServer((request, response) => {
      if (before(request, response)) return;
      sessions(request as never, response as never, () => void handle(request as LiveRequest, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new RaceApp(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function handle(request: LiveRequest, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url!, 'http://app');
  const [, root, key] = pathname.split('/');
  if (root === 'own') return handleOwn(request, response, key);
  if (root !== 'race') return void response.writeHead(404).end(`Cannot ${request.method} ${pathname}`);
  if (request.method === 'GET') return void response.end(JSON.stringify(request.session));
  if (request.method === 'DELETE') return void request.session.destroy(() => response.end('bye'));
  await sleep(5);
  request.session[key!] = searchParams.get('value');
  response.end('done');
}

/** The same with other routes, which a config has to map. */
async function handleOwn(request: LiveRequest, response: ServerResponse, key = ''): Promise<void> {
  if (request.method === 'GET') return void response.end(JSON.stringify({ data: { session: request.session } }));
  if (request.method !== 'PUT' || request.headers['x-csrf'] !== 'yes') return void response.writeHead(403).end();
  const { to } = (await json(request)) as { to: string };
  await sleep(5);
  request.session[key] = to;
  response.end();
}

/** An app whose cookie holds the session itself, as that of cookie-session does. */
export function holdInCookie(request: IncomingMessage, response: ServerResponse): boolean {
  const { pathname, searchParams } = new URL(request.url!, 'http://app');
  const held = JSON.parse(decodeURIComponent(request.headers.cookie?.split('=')[1] ?? '{}')) as Record<string, string | null>;
  const key = pathname.split('/')[2];
  if (request.method === 'POST') held[key!] = searchParams.get('value');
  const cookie = request.method === 'DELETE' ? 'held=; Max-Age=0' : `held=${encodeURIComponent(JSON.stringify(held))}`;
  if (request.method !== 'GET') response.setHeader('set-cookie', cookie);
  setTimeout(() => response.end(JSON.stringify(held)), 5);
  return true;
}
