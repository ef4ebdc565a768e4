/** A request of the app, as a config describes it. `{key}`, `{value}` and `{wait}` in any text are replaced. */
export interface Route {
  /** Default: POST for a body, else GET */
  readonly method?: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  /** Is sent as a form's fields, instead of `body`. */
  readonly form?: Readonly<Record<string, string>>;
}

/** The texts that replace the placeholders. */
export type Placeholders = Readonly<Record<'key' | 'value' | 'wait', string>>;

/** The request that is sent. */
export interface FilledRoute {
  readonly method: string;
  /** The path with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Fills in the placeholders. */
export function fillRoute(route: Route, placeholders: Placeholders): FilledRoute {
  const fill = (text: string) => fillText(text, placeholders);
  const path = fillText(route.path, placeholders, encodeURIComponent);
  const query = new URLSearchParams(mapValues(route.query, fill)).toString();
  const [body, type] = bodyOf(route, fill);
  return {
    method: route.method?.toUpperCase() ?? (body === undefined ? 'GET' : 'POST'),
    path: query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`,
    headers: { ...(type ? { 'content-type': type } : {}), ...lowerCase(mapValues(route.headers, fill)) },
    ...(body === undefined ? {} : { body }),
  };
}

function bodyOf({ body, form }: Route, fill: (text: string) => string): [body?: string, type?: string] {
  if (form) return [new URLSearchParams(mapValues(form, fill)).toString(), 'application/x-www-form-urlencoded'];
  if (body === undefined) return [];
  if (typeof body === 'string') return [fill(body)];
  return [JSON.stringify(fillDeeply(body, fill)), 'application/json'];
}

function fillDeeply(value: unknown, fill: (text: string) => string): unknown {
  if (typeof value === 'string') return fill(value);
  if (Array.isArray(value)) return value.map((item) => fillDeeply(item, fill));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [fill(key), fillDeeply(item, fill)]));
}

function fillText(text: string, placeholders: Placeholders, encode = (filled: string) => filled): string {
  return text.replaceAll(/\{(key|value|wait)\}/g, (_, name: keyof Placeholders) => encode(placeholders[name]));
}

function mapValues(values: Readonly<Record<string, string>> = {}, fill: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(value)]));
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
