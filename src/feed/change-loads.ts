import type { KnownRecord } from '../persistence/session.repository.js';
import { RecordHashes } from './record-hashes.js';
import type { KeyChanges } from './key-changes.js';
import type { Watch } from './watch.js';

/** The result of a load: the record's hashes; `unreadable` if it is gone, or loading it again would fail again. */
export type LoadedHashes = RecordHashes | 'unreadable';

/** Loads the changed records of a target, once for all of its watches. */
export class ChangeLoads {
  readonly #load: (storageKey: string) => Promise<LoadedHashes>;
  /** The records that are loaded now. Each has what a poll has found meanwhile. */
  readonly #loading = new Map<string, KnownRecord | undefined>();

  /** @param load rejects if the database does not answer: then the next poll finds the same change again */
  constructor(load: (storageKey: string) => Promise<LoadedHashes>) {
    this.#load = load;
  }

  /** A live row was seen. If it has changed, its keys are compared. */
  see(storageKey: string, state: KnownRecord, watches: ReadonlySet<Watch>): void {
    if (this.#loading.has(storageKey)) this.#loading.set(storageKey, state);
    else void this.#follow(storageKey, state, watches);
  }

  /** Loads again if a poll has found another commit meanwhile, because the loaded record may be older. */
  async #follow(storageKey: string, state: KnownRecord, watches: ReadonlySet<Watch>): Promise<void> {
    for (let found: KnownRecord | undefined = state; found; found = this.#loading.get(storageKey)) {
      const behind = this.#behind(storageKey, found, watches);
      if (behind.length === 0) break;
      this.#loading.set(storageKey, undefined);
      await this.#compare(storageKey, found, behind);
    }
    this.#loading.delete(storageKey);
  }

  /** A watch that begins during the load is not among them, because the record may be older than what its caller knows. */
  #behind(storageKey: string, found: KnownRecord, watches: ReadonlySet<Watch>): readonly (readonly [Watch, KeyChanges])[] {
    return [...watches].flatMap((watch) => {
      const changes = watch.changesOf(storageKey);
      return changes && !changes.isCurrent(found) ? [[watch, changes] as const] : [];
    });
  }

  async #compare(storageKey: string, found: KnownRecord, behind: readonly (readonly [Watch, KeyChanges])[]): Promise<void> {
    try {
      const loaded = await this.#load(storageKey);
      for (const [watch, changes] of behind) {
        if (loaded === 'unreadable') changes.skip(found);
        else watch.compare(storageKey, changes, loaded);
      }
    } catch {
      // The next poll finds the same change again. The failed load is in the log.
    }
  }
}
