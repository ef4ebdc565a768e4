/**
 * How the value of a key is stored, whole. Equal values must give equal results, and a value that was
 * encoded, decoded and encoded again the same result: what has changed is told by the encoded form. It is
 * asked for the values of all keys, so that it must tell its own from others.
 *
 * @example
 * const codec: ValueCodec = {
 *   encode: (value) => (value instanceof Money ? { $cents: value.cents } : value),
 *   decode: (stored) => (isMoney(stored) ? new Money(stored.$cents) : stored),
 * };
 */
export interface ValueCodec {
  /**
   * A JSON value that stands for `value`; undefined where there is nothing to store. What it throws fails the commit.
   *
   * @param key the session's key that holds the value
   */
  encode(value: unknown, key: string): unknown;
  /** The value for which a JSON value stands. When it throws, the record is taken for unreadable. */
  decode(stored: unknown): unknown;
}
