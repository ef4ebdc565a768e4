import { notifiedHash } from '../persistence/record-notifications.js';

/** Finds the targets that a record belongs to: by its storage key, or by the hash that a notification has. */
export class TargetIndex<Target> {
  readonly #targets = new Map<string, Set<Target>>();

  add(storageKey: string, target: Target): void {
    const hash = notifiedHash(storageKey);
    const targets = this.#targets.get(hash);
    if (targets) targets.add(target);
    else this.#targets.set(hash, new Set([target]));
  }

  remove(storageKey: string, target: Target): void {
    const hash = notifiedHash(storageKey);
    const targets = this.#targets.get(hash);
    targets?.delete(target);
    if (targets?.size === 0) this.#targets.delete(hash);
  }

  /** The targets of a record. */
  of(storageKey: string): Iterable<Target> {
    return this.byHash(notifiedHash(storageKey));
  }

  byHash(hash: string): Iterable<Target> {
    return this.#targets.get(hash) ?? [];
  }

  /** The hashes of the records of targets that meet a condition. */
  *hashesOf(condition: (target: Target) => boolean): Iterable<string> {
    for (const [hash, targets] of this.#targets) if ([...targets].some(condition)) yield hash;
  }
}
