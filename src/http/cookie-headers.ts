import type { Response } from 'express';

type WriteHead = Response['writeHead'];

/**
 * The headers that go with a session's cookie. An answer on a route with a session varies by the cookie, and one that
 * sets a cookie is not stored unless the app has said how it may be: else a cache that several clients share hands
 * one client's answer to another.
 */
export class CookieHeaders {
  readonly #writeHead: WriteHead;

  /** @param watch is shown the cookies of each answer that sets some */
  constructor(private readonly watch: (cookies: readonly string[]) => void) {
    this.#writeHead = this.#before(function inherited(this: Response, ...parameters: Parameters<WriteHead>) {
      return (Object.getPrototypeOf(this) as Response).writeHead.apply(this, parameters);
    } as WriteHead);
  }

  /** Adds the headers when the response's head is written. Before express-session's own hook is set, so that it runs after it. */
  addTo(response: Response): void {
    // The same function for all responses that nobody has wrapped: functions of their own would be slow to call.
    response.writeHead = Object.hasOwn(response, 'writeHead') ? this.#before(response.writeHead) : this.#writeHead;
  }

  #before(writeHead: WriteHead): WriteHead {
    const add = (response: Response) => this.#add(response);
    return function (this: Response, ...parameters: Parameters<WriteHead>) {
      add(this);
      return writeHead.apply(this, parameters);
    } as WriteHead;
  }

  #add(response: Response): void {
    if (response.hasHeader('Vary')) response.vary('Cookie');
    else response.setHeader('Vary', 'Cookie');
    const cookies = response.getHeader('Set-Cookie');
    if (cookies === undefined) return;
    if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'no-store');
    this.watch([cookies].flat().map(String));
  }
}
