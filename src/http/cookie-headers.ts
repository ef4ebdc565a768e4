import type { Response } from 'express';

type WriteHead = Response['writeHead'];

/**
 * Adds the headers that a session needs. An answer on a route with a session varies by the headers that carry sessions. An answer that
 * sets a cookie must not be stored unless the app says otherwise. Otherwise a shared cache would send one client's answer to another.
 */
export class CookieHeaders {
  readonly #writeHead: WriteHead;

  /**
   * @param names the names of the request headers that carry sessions
   * @param watch receives the cookies of each answer that sets some
   * @param begin is called for each head, before all other hooks except express-session's
   * @param finish is called for each answer that sets cookies, after the headers are added
   */
  constructor(
    private readonly names: readonly string[],
    private readonly watch: (cookies: readonly string[]) => void,
    private readonly begin: (response: Response) => void,
    private readonly finish: (response: Response) => void = () => {},
  ) {
    this.#writeHead = this.#before(function inherited(this: Response, ...parameters: Parameters<WriteHead>) {
      return (Object.getPrototypeOf(this) as Response).writeHead.apply(this, parameters);
    } as WriteHead);
  }

  /**
   * Adds the headers when the response's head is written. Call it before express-session sets its own hook, so that this one runs
   * after it.
   */
  addTo(response: Response): void {
    // All responses share one function unless a middleware has wrapped theirs. Separate functions would be slow to call.
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
    // Uses only methods that a WebSocket's handshake has too, none of Express's, because socket.io also uses sessions.
    for (const name of this.names) addToVary(response, name);
    const cookies = response.getHeader('Set-Cookie');
    if (cookies === undefined) return;
    if (response.getHeader('Cache-Control') === undefined) response.setHeader('Cache-Control', 'no-store');
    this.watch([cookies].flat().map(String));
    this.finish(response);
  }
}

function addToVary(response: Response, name: string): void {
  // Node joins several header lines into one string with commas.
  const vary = response.getHeader('Vary');
  if (vary === undefined) response.setHeader('Vary', name);
  else if (!namesIn(String(vary)).some((known) => known === '*' || known === name.toLowerCase()))
    response.setHeader('Vary', `${String(vary)}, ${name}`);
}

function namesIn(vary: string): string[] {
  return vary
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
}
