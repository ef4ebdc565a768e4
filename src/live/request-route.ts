/** Where a request keeps its route. */
const ROUTE = Symbol('route');

interface Routed {
  readonly method?: string | undefined;
  [ROUTE]?: string | undefined;
}

/**
 * Notes the route of a request.
 *
 * @param pattern the path of the route as it was registered, such as `/cart/:sku`. The path of the request itself may contain ids
 */
export function noteRoute(request: object, pattern: string | undefined): void {
  const { method } = request as Routed;
  if (pattern !== undefined) (request as Routed)[ROUTE] = `${method} ${pattern}`;
}

/** Returns the method and the pattern of the route that a session's request has reached, such as `POST /cart/:sku`. Undefined if it is not known. */
export function routeOf(session: object): string | undefined {
  const { req } = session as { readonly req?: Routed };
  return req?.[ROUTE];
}
