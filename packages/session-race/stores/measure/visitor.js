/** How long an answer may take, in ms. This library answers within 10 seconds. */
const PATIENCE = 15_000;

/**
 * The answer to one request.
 *
 * @typedef {object} Answer
 * @property {number | undefined} status undefined if there was none
 * @property {object} values the session as it was read
 * @property {boolean} hasSession
 * @property {boolean} isLate no answer came in time
 */

/** A browser: it sends the cookies that it was given. */
export class Visitor {
  #cookies = new Map();
  #url;

  constructor(url) {
    this.#url = url;
  }

  /** The same browser at another process. */
  at(url) {
    const visitor = new Visitor(url);
    visitor.#cookies = this.#cookies;
    return visitor;
  }

  get cookies() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  set(key, value) {
    return this.#send('POST', `/race/${key}?value=${value}`);
  }

  add(key) {
    return this.#send('POST', `/race/${key}`);
  }

  /** Sets a key in a handler that waits at the gate between its load and its save. */
  setHeld(key, value) {
    return this.#send('POST', `/held/${key}?value=${value}`);
  }

  /** Adds one to a number in such a handler. */
  addHeld(key) {
    return this.#send('POST', `/held/${key}`);
  }

  logOut() {
    return this.#send('DELETE', '/race');
  }

  read() {
    return this.#send('GET', '/race');
  }

  /** @returns {Promise<Answer>} */
  async #send(method, path) {
    try {
      const headers = this.cookies === '' ? {} : { cookie: this.cookies };
      const response = await fetch(this.#url + path, { method, headers, signal: AbortSignal.timeout(PATIENCE) });
      const body = await response.text();
      this.#take(response.headers.getSetCookie());
      const { hasSession = true, values = {} } = response.ok ? JSON.parse(body) : {};
      return { status: response.status, hasSession, values, isLate: false };
    } catch (error) {
      return { status: undefined, hasSession: true, values: {}, isLate: error.name === 'TimeoutError' };
    }
  }

  #take(setCookies) {
    for (const text of setCookies) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(text);
      const isGone = /max-age=0|expires=thu, 01 jan 1970/i.test(text);
      if (isGone) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}
