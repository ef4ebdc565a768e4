/** The value of a key that commits have stored, and how often. */
interface Stored {
  readonly value: unknown;
  readonly times: number;
}

/** After so many commits of the same object, its text counts as one that differs each time, such as a time. */
const ENOUGH = 2;

/**
 * The values that commits have stored while a response was held. Some values have another text each time: a toJSON()
 * that returns the time, a counting getter, a codec with a random nonce. Such a value counts as stored while it is the
 * same object, so that it is not committed again and again.
 */
export class HeldValues {
  readonly #stored = new Map<string, Stored>();

  /** A commit is about to store these keys. */
  note(session: object, keys: readonly string[]): void {
    for (const key of keys) {
      const value = heldBy(session, key);
      const last = this.#stored.get(key);
      this.#stored.set(key, { value, times: last && Object.is(last.value, value) ? last.times + 1 : 1 });
    }
  }

  /**
   * Whether these keys were stored already and differ only by being looked at.
   *
   * @param differsAgain whether another look at a key finds yet another text
   */
  cover(session: object, keys: readonly string[], differsAgain: (key: string) => boolean): boolean {
    return keys.every((key) => {
      const last = this.#stored.get(key);
      return last !== undefined && Object.is(last.value, heldBy(session, key)) && (last.times >= ENOUGH || differsAgain(key));
    });
  }
}

/** A value without looking into it; of an accessor, the accessor. */
function heldBy(session: object, key: string): unknown {
  const property = Object.getOwnPropertyDescriptor(session, key);
  return property?.get ?? property?.value;
}
