/** Where a request keeps when it came. */
const START = Symbol('start');

interface Started {
  [START]?: number;
}

/** Notes when a request came, on this process's monotonic clock. No WeakMap: one for each request costs more than the request's session. */
export function noteStart(request: object): void {
  (request as Started)[START] = performance.now();
}

/** Whether a session's request came through the module's middleware, which gives its cookie the attributes of the options. */
export function isStarted(session: object): boolean {
  return (session as { readonly req?: Started }).req?.[START] !== undefined;
}

/** Since when a new session may be there: since its request came, or else since now. */
export function startOf(session: object): number {
  const { req } = session as { readonly req?: Started };
  return req?.[START] ?? performance.now();
}
