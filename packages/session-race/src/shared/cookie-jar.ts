/**
 * The cookies of one browser, which all its tabs share: a request sends what the last answer has set. Of a cookie's attributes only the
 * expiry counts.
 */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  /** The `Cookie` header; empty for no cookies. */
  get header(): string {
    return Array.from(this.#cookies, ([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Takes over the `Set-Cookie` headers of an answer. */
  take(setCookies: readonly string[]): void {
    for (const line of setCookies) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const [name, value] = splitAt(pair, '=');
      if (isOver(attributes)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

function isOver(attributes: readonly string[]): boolean {
  const values = new Map(attributes.map((attribute) => splitAt(attribute, '=')).map(([name, value]) => [name.toLowerCase(), value]));
  const maxAge = values.get('max-age');
  if (maxAge !== undefined) return Number(maxAge) <= 0;
  return Date.parse(values.get('expires') ?? '') <= Date.now();
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
