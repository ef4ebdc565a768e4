import { hash } from 'node:crypto';
import { isReservedName } from '../codec/reserved-names.js';
import type { KnownRecord } from '../persistence/session.repository.js';
import type { SessionRecord } from '../records/session-record.js';

/** The hashes of a record's values. Each is made once, for all watches that compare it. */
export class RecordHashes {
  readonly known: KnownRecord;
  readonly #values: SessionRecord['values'];
  readonly #hashes = new Map<string, string | undefined>();

  constructor({ version, commitId, values }: SessionRecord) {
    this.known = { version, commitId };
    this.#values = values;
  }

  /**
   * Returns the hashes by key.
   *
   * @param keys undefined for all keys
   */
  of(keys: ReadonlySet<string> | undefined): ReadonlyMap<string, string> {
    const hashes = new Map<string, string>();
    for (const key of keys ?? this.#values.keys()) {
      const found = this.#hashOf(key);
      if (found !== undefined) hashes.set(key, found);
    }
    return hashes;
  }

  #hashOf(key: string): string | undefined {
    if (this.#hashes.has(key)) return this.#hashes.get(key);
    const text = isReservedName(key) ? undefined : this.#values.get(key);
    const made = text === undefined ? undefined : hash('sha256', text, 'base64url');
    this.#hashes.set(key, made);
    return made;
  }
}
