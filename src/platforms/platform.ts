import type { Request, Response } from 'express';

/**
 * One of Nest's HTTP platforms. express-session and the response gate work on Node's request and response, whatever object the
 * platform gives to handlers.
 */
export interface Platform {
  /** Whether a response that a handler sends by itself may reach Node's response later, after hooks. */
  readonly delaysAnswers: boolean;
  /**
   * Gives handlers `request.session`. Is called once, before the routes are registered.
   *
   * @param isMounted whether the module mounts its middleware
   */
  prepare(server: unknown, isMounted: boolean): void;
  /** Returns the request that has the session; undefined if the object is not the platform's. */
  requestOf(given: object): Request | undefined;
  /** Returns the path of the route that a request has reached, as it was registered, such as `/cart/:sku`. */
  routeOf(given: object): string | undefined;
  /** Returns the response that the gate holds. */
  responseOf(given: object): Response;
}
