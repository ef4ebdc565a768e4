import { CookieJar } from '../shared/cookie-jar.js';
import type { RaceTarget, TargetAnswer, TargetOperation, TargetRequest } from './target.js';
import { mentionsBoth, type ResolvedConfig } from './race-config.js';
import { fillRoute, type FilledRoute, type Route } from './route.js';

/** Redirects within the given URLs are followed so often. */
const MOST_REDIRECTS = 5;

/** A running app, behind one or several base URLs. Requests go to no other host. */
export class HttpTarget implements RaceTarget {
  readonly places: readonly string[];
  readonly offers: RaceTarget['offers'];
  readonly beginSets: boolean;
  readonly hint = 'Map the routes of your app in a config file, see --help.';
  readonly #origins: ReadonlySet<string>;

  constructor(private readonly config: ResolvedConfig) {
    this.places = config.urls;
    this.#origins = new Set(config.urls.map((url) => new URL(url).origin));
    this.beginSets = !config.begin || mentionsBoth(config.begin);
    const logout = config.hasOwnLogout ? 'yes' : 'maybe';
    this.offers = { logout: config.logout ? logout : 'no', regenerate: config.regenerate ? 'yes' : 'no' };
  }

  async send(request: TargetRequest): Promise<TargetAnswer> {
    const route = this.#routeOf(request.operation) as Route;
    const filled = fillRoute(route, { key: request.key, value: request.value, wait: String(request.wait) });
    const url = `${this.places[request.place]}${filled.path}`;
    const sent = `${filled.method} ${url}, ${request.cookies === '' ? 'no cookie' : 'with a cookie'}`;
    try {
      return { ...(await this.#follow(url, filled, request.cookies)), sent };
    } catch (error) {
      const isLate = (error as Error).name === 'TimeoutError';
      const text = isLate ? `no answer within ${this.config.timeout} ms` : messageOf(error);
      return { outcome: isLate ? 'hung' : 'unknown', text: '', setCookies: [], error: text, sent, received: text };
    }
  }

  #routeOf(operation: TargetOperation): Route | false {
    return operation === 'begin' ? (this.config.begin ?? this.config.set) : this.config[operation];
  }

  async #follow(first: string, { method, headers, body }: FilledRoute, cookies: string): Promise<Omit<TargetAnswer, 'sent'>> {
    const signal = AbortSignal.timeout(this.config.timeout);
    const setCookies: string[] = [];
    const jar = new CookieJar();
    if (cookies !== '') jar.take(cookies.split('; '));
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const isFirst = redirects === 0;
      const response = await fetch(url, {
        method: isFirst ? method : 'GET',
        headers: { ...this.config.headers, ...(isFirst ? headers : {}), ...(jar.header === '' ? {} : { cookie: jar.header }) },
        ...(isFirst && body !== undefined ? { body } : {}),
        redirect: 'manual',
        signal,
      });
      const text = await response.text();
      setCookies.push(...response.headers.getSetCookie());
      jar.take(response.headers.getSetCookie());
      const to = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || to === null) return this.#answer(response, text, setCookies);
      const next = new URL(to, url);
      if (!this.#origins.has(next.origin) || redirects === MOST_REDIRECTS) return this.#refusedRedirect(response.status, next, setCookies);
      url = next.href;
    }
  }

  #answer(response: Response, body: string, setCookies: readonly string[]): Omit<TargetAnswer, 'sent'> {
    const { status, ok } = response;
    const received = `${status} ${response.statusText}${body === '' ? '' : `: ${shorten(body)}`}`;
    return {
      outcome: ok ? 'ok' : status < 500 ? 'failed' : 'unknown',
      status,
      text: this.#valuesIn(body),
      setCookies,
      received,
      ...(ok ? {} : { error: received }),
    };
  }

  #refusedRedirect(status: number, to: URL, setCookies: readonly string[]): Omit<TargetAnswer, 'sent'> {
    const where = this.#origins.has(to.origin) ? to.pathname : `${to.origin}, which is none of the URLs given`;
    const received = `${status}, a redirect to ${where}`;
    return { outcome: 'failed', status, text: '', setCookies, error: received, received };
  }

  /** The part of an answer that the config says, or all of it. */
  #valuesIn(body: string): string {
    const { values } = this.config;
    if (values === undefined) return body;
    try {
      const found = values.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], JSON.parse(body));
      return JSON.stringify(found) ?? '';
    } catch {
      return '';
    }
  }
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

function messageOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error & { code?: string } };
  const why = cause?.code ?? cause?.message;
  return why ? `${message} (${why})` : message;
}
