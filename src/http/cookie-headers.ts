import type { Response } from 'express';

type WriteHead = Response['writeHead'];

/** Of several header lines one string is made, with commas between. */
const VARIES_BY_COOKIE = /(^|,)\s*(cookie|\*)\s*(,|$)/i;

/**
 * The headers that go with a session's cookie. An answer on a route with a session varies by the cookie, and one that
 * sets a cookie is not stored unless the app has said how it may be: else a cache that several clients share hands
 * one client's answer to another.
 */
export class CookieHeaders {
  readonly #writeHead: WriteHead;

  /**
   * @param watch is shown the cookies of each answer that sets some
   * @param begin is told of each head, before anybody else's hook but express-session's
   */
  constructor(
    private readonly watch: (cookies: readonly string[]) => void,
    private readonly begin: (response: Response) => void,
  ) {
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
    this.begin(response);
    // Nothing of Express's, and no more than the headers of a WebSocket's handshake know: socket.io asks for sessions too.
    const vary = response.getHeader('Vary');
    if (vary === undefined) response.setHeader('Vary', 'Cookie');
    else if (!VARIES_BY_COOKIE.test(String(vary))) response.setHeader('Vary', `${String(vary)}, Cookie`);
    const cookies = response.getHeader('Set-Cookie');
    if (cookies === undefined) return;
    if (response.getHeader('Cache-Control') === undefined) response.setHeader('Cache-Control', 'no-store');
    this.watch([cookies].flat().map(String));
  }
}
