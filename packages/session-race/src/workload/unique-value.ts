import type { Values } from '../history/history-request.js';

/**
 * Values that can be found again in any text: `sr1a2b3c-b4-tab7-12-z` was set by browser `b4` to its key `tab7`. Only letters, digits
 * and hyphens, so that JSON, HTML and URLs show it as it is.
 */
export class UniqueValues {
  readonly #pattern: RegExp;
  #last = 0;

  /** @param run six characters of a to z and 0 to 9 that no other race on the same sessions uses */
  constructor(private readonly run: string) {
    this.#pattern = new RegExp(`sr${run}-(b\\d+)-([a-z0-9]+)-\\d+-z`, 'g');
  }

  /** A value that no request has set before. */
  next(browser: string, key: string): string {
    return `sr${this.run}-${browser}-${key}-${++this.#last}-z`;
  }

  /** The values of this race in a text, by key. A key of another browser has that browser's name before it. */
  find(text: string, browser: string): Values {
    const found = [...text.matchAll(this.#pattern)].map(
      ([value, owner, key]) => [owner === browser ? key! : `${owner}.${key}`, value] as const,
    );
    return Object.fromEntries(found);
  }
}
