import { createHash, randomBytes } from 'node:crypto';

/** A hash of each key's value. A key that is absent has none. */
export type Fingerprints = ReadonlyMap<string, string>;

/** Hashes the values of sessions, so that the watch keeps no value in memory. */
export class Fingerprinter {
  /** A short value, such as `true`, could be guessed from its hash alone. */
  readonly #salt = randomBytes(16);

  /** The `cookie` is left out, because its expiry changes with each request. */
  of(session: object): Fingerprints {
    const found = new Map<string, string>();
    for (const [key, value] of Object.entries(session)) {
      if (key === 'cookie') continue;
      const json = JSON.stringify(value) as string | undefined;
      if (json !== undefined) found.set(key, createHash('sha256').update(this.#salt).update(json).digest('base64'));
    }
    return found;
  }
}
