import { hash } from 'node:crypto';

/** The most keys of records whose last write is remembered. An entry takes about 200 bytes. */
const MOST_WRITES = 10_000;

interface Write {
  /** A digest, because a value may be large and must not be kept. */
  readonly digest: string;
  readonly route: string | undefined;
}

/** Remembers which route of this process has written each key of a record last. The oldest writes are forgotten first. */
export class RecentWrites {
  readonly #writes = new Map<string, Write>();

  /** @param most how many keys are remembered */
  constructor(private readonly most = MOST_WRITES) {}

  /** @param text the value that was written; undefined if the key was deleted */
  note(storageKey: string, key: string, text: string | undefined, route: string | undefined): void {
    const place = placeOf(storageKey, key);
    this.#writes.delete(place);
    this.#writes.set(place, { digest: digestOf(text), route });
    if (this.#writes.size > this.most) this.#writes.delete(this.#writes.keys().next().value!);
  }

  /** Returns the route that has written this value. Undefined if the value is from another process, or its write was forgotten. */
  routeOf(storageKey: string, key: string, text: string | undefined): string | undefined {
    const write = this.#writes.get(placeOf(storageKey, key));
    return write?.digest === digestOf(text) ? write.route : undefined;
  }
}

function placeOf(storageKey: string, key: string): string {
  return hash('sha1', `${storageKey}\n${key}`, 'base64');
}

function digestOf(text: string | undefined): string {
  return text === undefined ? '' : hash('sha1', text, 'base64');
}
