import { once } from 'node:events';
import { request, type Agent, type IncomingMessage } from 'node:http';

/** A browser with one session. */
export class Visitor {
  #cookie = '';

  constructor(
    private readonly origin: string,
    private readonly agent: Agent,
  ) {}

  /**
   * Sends a request, and keeps the cookie of its answer.
   *
   * @returns how long it took, in ms
   * @throws Error for an answer other than 2xx
   */
  async send(method: 'GET' | 'POST', path: string): Promise<number> {
    const start = performance.now();
    const sent = request(`${this.origin}${path}`, { method, agent: this.agent, headers: { cookie: this.#cookie } }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    await once(answer.resume(), 'end');
    const took = performance.now() - start;
    const { statusCode = 0, headers } = answer;
    if (statusCode < 200 || statusCode > 299) throw new Error(`${method} ${path} was answered with ${statusCode}.`);
    const [cookie] = headers['set-cookie'] ?? [];
    if (cookie !== undefined) this.#cookie = cookie.slice(0, cookie.indexOf(';'));
    return took;
  }
}
