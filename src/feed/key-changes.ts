import type { KnownRecord } from '../persistence/session.repository.js';
import type { SessionRecord } from '../records/session-record.js';
import { RecordHashes } from './record-hashes.js';

/** The keys of a session as a watch has seen them. It keeps a hash of each value, because values may be large. */
export class KeyChanges {
  readonly #keys: ReadonlySet<string> | undefined;
  #known: KnownRecord | undefined;
  #hashes: ReadonlyMap<string, string> | undefined;

  /**
   * @param keys the keys that are compared; undefined for all
   * @param first the record as the caller has seen it; undefined if the first record that is loaded is the first that the watch sees
   */
  constructor(keys: ReadonlySet<string> | undefined, first: SessionRecord | undefined) {
    this.#keys = keys;
    if (first) this.compare(new RecordHashes(first));
  }

  /** Whether a record is still the one that was compared last. */
  isCurrent({ version, commitId }: KnownRecord): boolean {
    return this.#known?.version === version && this.#known.commitId === commitId;
  }

  /** Notes a record that cannot be read, so that it is not loaded again until it changes. */
  skip({ version, commitId }: KnownRecord): void {
    this.#known = { version, commitId };
  }

  /** Notes a record. Returns the keys that differ from the record before; none for the first. */
  compare(record: RecordHashes): string[] {
    const before = this.#hashes;
    const now = record.of(this.#keys);
    this.#known = record.known;
    this.#hashes = now;
    if (!before) return [];
    const names = new Set([...before.keys(), ...now.keys()]);
    return [...names].filter((key) => before.get(key) !== now.get(key));
  }
}
