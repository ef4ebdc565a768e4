import { RaceConfigError } from '../race.errors.js';
import type { Route } from './route.js';

/** Which routes of an app do what. Each has a default, so that an app with these routes needs no config. */
export interface RaceConfig {
  /** The base URLs, if the command line names none. */
  readonly urls?: readonly string[];
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent first by each browser, such as a login. It sets a key if it has `{key}` and `{value}`. Default: `set` alone begins the session */
  readonly begin?: Route;
  /** Sets `{key}` to `{value}` in the session. Default: `POST /race/{key}?value={value}` */
  readonly set?: Route;
  /** Answers with everything in the session, in any form. Default: `GET /race` */
  readonly read?: Route;
  /** Where in the JSON of `read` the session is, such as `data.session`. Default: the values are looked for in the whole answer */
  readonly values?: string;
  /** Ends the session. Default: `DELETE /race`, if the app has it. `false`: logouts are not raced */
  readonly logout?: Route | false;
  /** Gives the session another id. Default: not raced */
  readonly regenerate?: Route | false;
  /** How long an answer may take, in ms. Default: 10000 */
  readonly timeout?: number;
}

/** A config with its defaults. */
export interface ResolvedConfig extends Omit<RaceConfig, 'urls'> {
  readonly urls: readonly string[];
  readonly set: Route;
  readonly read: Route;
  readonly logout: Route | false;
  readonly regenerate: Route | false;
  readonly timeout: number;
  /** Whether the app is said to have the route for logouts. */
  readonly hasOwnLogout: boolean;
}

const ROUTES = ['begin', 'set', 'read', 'logout', 'regenerate'] as const;
const NAMES = ['urls', 'headers', 'values', 'timeout', ...ROUTES];
const ROUTE_NAMES = ['method', 'path', 'query', 'headers', 'body', 'form'];

/** The routes of an app that needs no config. */
export const DEFAULT_ROUTES = {
  set: { method: 'POST', path: '/race/{key}', query: { value: '{value}' } },
  read: { method: 'GET', path: '/race' },
  logout: { method: 'DELETE', path: '/race' },
} as const satisfies RaceConfig;

/**
 * Checks a config and fills in the defaults.
 *
 * @param urls instead of the config's, unless empty
 * @throws RaceConfigError that says which part is wrong, and what would be right
 */
export function resolveConfig(config: RaceConfig, urls: readonly string[] = []): ResolvedConfig {
  refuseUnknown(config, NAMES, 'The config');
  for (const name of ROUTES) checkRoute(name, config[name]);
  if (config.set && !mentionsBoth(config.set)) {
    throw new RaceConfigError(
      `set is ${JSON.stringify(config.set)}. It must have {key} and {value} in its path, query, body, form or headers.`,
    );
  }
  const { timeout = 10_000 } = config;
  if (!Number.isSafeInteger(timeout) || timeout < 1) throw new RaceConfigError(`timeout is ${String(timeout)}. Give ms, such as 10000.`);
  return {
    ...config,
    timeout,
    urls: baseUrls(urls.length > 0 ? urls : (config.urls ?? [])),
    set: config.set ?? DEFAULT_ROUTES.set,
    read: config.read ?? DEFAULT_ROUTES.read,
    logout: config.logout ?? DEFAULT_ROUTES.logout,
    regenerate: config.regenerate ?? false,
    hasOwnLogout: Boolean(config.logout),
  };
}

function baseUrls(urls: readonly string[]): string[] {
  if (urls.length === 0) throw new RaceConfigError('There is no URL. Give one or several, such as --url http://localhost:3000.');
  return urls.map((url) => {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    const isRight = parsed && (parsed.protocol === 'http:' || parsed.protocol === 'https:') && parsed.search === '' && parsed.hash === '';
    if (!isRight) throw new RaceConfigError(`The URL is ${JSON.stringify(url)}. Give a base URL, such as http://localhost:3000.`);
    return parsed.href.replace(/\/$/, '');
  });
}

function checkRoute(name: string, route: unknown): void {
  if (route === undefined || (route === false && (name === 'logout' || name === 'regenerate'))) return;
  const example = `{ "method": "POST", "path": "/cart/{key}", "body": { "item": "{value}" } }`;
  const isRight =
    typeof route === 'object' && route !== null && 'path' in route && typeof route.path === 'string' && route.path.startsWith('/');
  if (!isRight)
    throw new RaceConfigError(`${name} is ${JSON.stringify(route)}. Give a route whose path begins with a slash, such as ${example}.`);
  refuseUnknown(route, ROUTE_NAMES, name);
}

function refuseUnknown(given: object, names: readonly string[], what: string): void {
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new RaceConfigError(`${what} has "${unknown}". There are ${names.join(', ')}.`);
}

/** Whether a route has a place for the key and for the value. */
export function mentionsBoth(route: Route): boolean {
  const text = JSON.stringify(route);
  return text.includes('{key}') && text.includes('{value}');
}
