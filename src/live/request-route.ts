import type { RequestRoute } from '../observers/request-route.js';

/** Where a request keeps its route. */
const ROUTE = Symbol('route');

interface Routed {
  readonly method?: string | undefined;
  [ROUTE]?: RequestRoute;
}

/** Returns the route of a request. It is filled when Nest has found the handler, which is after the load. */
export function routeFor(request: object): RequestRoute {
  return ((request as Routed)[ROUTE] ??= {});
}

/**
 * Notes the route of a request.
 *
 * @param pattern the path of the route as it was registered, such as `/cart/:sku`. The path of the request itself may contain ids
 */
export function noteRoute(request: object, pattern: string | undefined): void {
  if (pattern !== undefined) routeFor(request).text = `${(request as Routed).method} ${pattern}`;
}

/** Returns the route of a session's request. Undefined if none was noted. */
export function routeOf(session: object): RequestRoute | undefined {
  const { req } = session as { readonly req?: Routed };
  return req?.[ROUTE];
}
