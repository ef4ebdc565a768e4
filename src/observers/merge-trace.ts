import { changedKeys, type Delta } from '../merge/delta.js';
import { differingKeys, type EncodedValues } from '../merge/encoded-values.js';

/** How a request's changes came into a record that others had changed. */
export interface Merge {
  /** The keys that the request changed. */
  readonly keys: readonly string[];
  /** Those of them that others had changed too: the keys' merge rules have decided. */
  readonly contested: readonly string[];
  /** How often the changes were applied: once more for each newer record. */
  readonly attempts: number;
}

/** A key that a request changed although another request had changed it. Its texts are undefined if it is absent. */
export interface ContestedKey {
  readonly key: string;
  readonly base: string | undefined;
  readonly theirs: string | undefined;
  readonly mine: string | undefined;
}

/** Keeps what a request's delta was applied to last, to tell after its commit what was merged. */
export class MergeTrace {
  #current: EncodedValues;
  #attempts = 0;

  constructor(
    private readonly delta: Delta,
    private readonly base: EncodedValues,
  ) {
    this.#current = base;
  }

  /** The keys that the request changed. */
  get keys(): string[] {
    return changedKeys(this.delta);
  }

  /** The delta is applied to these values. */
  note(current: EncodedValues): void {
    this.#current = current;
    this.#attempts++;
  }

  /** Whether it was applied to its base, for certain: then there is nothing to find. */
  get isOnBase(): boolean {
    return this.#current === this.base;
  }

  /** What was merged; undefined if no other request had changed anything. */
  find(): Merge | undefined {
    const theirs = new Set(differingKeys(this.base, this.#current));
    if (theirs.size === 0) return undefined;
    const { keys } = this;
    return { keys, contested: keys.filter((key) => theirs.has(key)), attempts: this.#attempts };
  }

  /** The keys that both sides have changed, with the values of both. */
  contested(): ContestedKey[] {
    return this.keys
      .map((key) => ({ key, base: this.base.get(key), theirs: this.#current.get(key), mine: this.delta.set.get(key) }))
      .filter(({ base, theirs }) => theirs !== base);
  }
}
