/**
 * Encodes and decodes the values of a session, each as a whole. It is called for the values of all keys, so it must
 * recognize the values that it encoded. Changes are found by comparing encoded values. So equal values must have equal
 * encodings, and a value that was decoded must be encoded as before.
 *
 * @example
 * const codec: ValueCodec = {
 *   encode: (value) => (value instanceof Money ? { $cents: value.cents } : value),
 *   decode: (stored) => (isMoney(stored) ? new Money(stored.$cents) : stored),
 * };
 */
export interface ValueCodec {
  /**
   * Returns a JSON value that stands for `value`, or undefined if there is nothing to store. If it throws, the commit fails.
   *
   * @param key the key of the value
   */
  encode(value: unknown, key: string): unknown;
  /** Returns the value for which a JSON value stands. If it throws, the record counts as unreadable. */
  decode(stored: unknown): unknown;
}
