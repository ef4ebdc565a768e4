/** Follows redirects between an app and its OpenID provider, and keeps the cookies of each, as a browser does. */
export class Visitor {
  readonly #cookies = new Map<string, Map<string, string>>();

  /** Sends a request, and follows the redirects of its answer. */
  async follow(url: string): Promise<Response> {
    const answer = await this.send(url);
    const location = answer.headers.get('location');
    return location === null ? answer : this.follow(new URL(location, url).href);
  }

  /** Sends a request, and follows no redirect. */
  async send(url: string, method = 'GET'): Promise<Response> {
    const answer = await fetch(url, { method, redirect: 'manual', headers: { cookie: this.cookiesOf(url) } });
    this.#keep(url, answer.headers.getSetCookie());
    return answer;
  }

  /** Returns the header `Cookie` for a server. */
  cookiesOf(url: string): string {
    return [...this.#at(url)].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #keep(url: string, setCookies: readonly string[]): void {
    for (const setCookie of setCookies) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(setCookie)!;
      if (value) this.#at(url).set(name!, value);
      else this.#at(url).delete(name!);
    }
  }

  #at(url: string): Map<string, string> {
    const { origin } = new URL(url);
    const known = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, known);
    return known;
  }
}
