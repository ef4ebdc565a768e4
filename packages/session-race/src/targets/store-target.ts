import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type session from 'express-session';
import type { RaceTarget, TargetAnswer, TargetRequest } from './target.js';

type Middleware = ReturnType<typeof session>;
type LiveRequest = IncomingMessage & { session: session.Session & Record<string, unknown>; originalUrl: string };

/** Options of express-session, besides the store. */
export type SessionOptions = Omit<session.SessionOptions, 'store' | 'secret'>;

/** How long a store may take for one request, in ms. */
const PATIENCE = 10_000;

/**
 * Stores in this process, each behind a middleware of express-session as behind an app of its own. Requests and responses are Node's
 * objects without a connection: express-session decides what is loaded, saved, touched and answered, as in an app.
 */
export class StoreTarget implements RaceTarget {
  readonly places: readonly string[];
  readonly offers = { logout: 'yes', regenerate: 'yes' } as const;
  readonly beginSets = true;
  readonly hint = 'Does the store answer its callbacks without an error?';
  readonly #middlewares: readonly Middleware[];

  private constructor(stores: readonly session.Store[], expressSession: typeof session, options: SessionOptions) {
    this.places = stores.map(({ constructor }, n) => (stores.length === 1 ? constructor.name : `${constructor.name} ${n + 1}`));
    this.#middlewares = stores.map((store) =>
      expressSession({ resave: false, saveUninitialized: false, ...options, store, secret: 'of a race' }),
    );
  }

  /** @throws Error if express-session is not installed */
  static async open(stores: readonly session.Store[], options: SessionOptions = {}): Promise<StoreTarget> {
    const { default: expressSession } = await import('express-session');
    return new StoreTarget(stores, expressSession, options);
  }

  async send(request: TargetRequest): Promise<TargetAnswer> {
    const sent = `"${request.operation}" to ${this.places[request.place]}, ${request.cookies === '' ? 'no cookie' : 'with a cookie'}`;
    const silence = new AbortController();
    const late = sleep(PATIENCE, undefined, { signal: silence.signal }).then(() => refusal(new Error(`no answer within ${PATIENCE} ms`)));
    // The timer that is not needed any more.
    late.catch(() => {});
    const answer = await Promise.race([this.#handle(request).catch(refusal), late]);
    silence.abort();
    return { ...answer, sent };
  }

  async #handle({ operation, place, key, value, cookies, wait }: TargetRequest): Promise<Omit<TargetAnswer, 'sent'>> {
    const request = Object.assign(new IncomingMessage(new Socket()), { url: '/', originalUrl: '/', method: 'GET' }) as LiveRequest;
    if (cookies !== '') request.headers.cookie = cookies;
    const response = new ServerResponse(request);
    const ended = new Promise<void>((resolve) => {
      response.end = () => {
        if (!response.headersSent) response.writeHead(200);
        resolve();
        return response;
      };
    });
    let failure: unknown;
    await calledBack((done) => {
      // It is called again if the save fails, when the response is sent.
      this.#middlewares[place]!(request as never, response as never, (error?: unknown) => done((failure = error)));
    });
    await sleep(wait);
    if (operation === 'begin' || operation === 'set') request.session[key] = value;
    if (operation === 'logout') await calledBack((done) => request.session.destroy(done));
    if (operation === 'regenerate') {
      await calledBack((done) => request.session.regenerate(done));
      request.session.isRegenerated = true;
    }
    const text = operation === 'read' ? JSON.stringify(request.session) : '';
    response.end();
    await ended;
    await nextTurn();
    if (failure) return refusal(failure);
    const setCookies = [response.getHeader('set-cookie') ?? []].flat().map(String);
    return { outcome: 'ok', text, setCookies, received: text === '' ? 'done' : text };
  }
}

/** A store's error is reported, and so leaves open what was stored. */
function refusal(error: unknown): Omit<TargetAnswer, 'sent'> {
  const text = String(error);
  return { outcome: 'unknown', text: '', setCookies: [], error: text, received: text };
}

function calledBack(work: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => work((error) => (error ? reject(error as Error) : resolve())));
}
