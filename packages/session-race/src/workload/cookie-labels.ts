/** Names the cookies of a race, `cookie 1`, `cookie 2`, so that a report shows which requests sent the same and no report holds a secret. */
export class CookieLabels {
  readonly #labels = new Map<string, string>();

  labelOf(cookies: string): string {
    if (cookies === '') return 'no cookie';
    const label = this.#labels.get(cookies) ?? `cookie ${this.#labels.size + 1}`;
    this.#labels.set(cookies, label);
    return label;
  }
}
