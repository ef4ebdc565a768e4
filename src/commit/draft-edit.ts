import { isReservedName } from '../codec/reserved-names.js';
import type { SessionCodec, SessionValues } from '../codec/session.codec.js';
import { refuseThenable } from '../merge/apply-rule.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import { SessionNotSerializableError } from '../smart-session.errors.js';

/** Makes an edit of a record from a function that changes a draft of its values. The function may run more than once. */
export class DraftEdit<Result> {
  #result: Result | undefined;

  /** @param change changes the draft, and returns the result */
  constructor(
    private readonly codec: SessionCodec,
    private readonly change: (draft: SessionValues) => Result,
  ) {}

  /** What the last run returned: the one that was committed. */
  get result(): Result {
    return this.#result as Result;
  }

  /**
   * Runs the function on a draft of the current values.
   *
   * @throws TypeError for a function that returns a promise, SessionNotSerializableError, and what the function throws
   */
  readonly apply = (current: EncodedValues): EncodedValues => {
    const draft = this.codec.decodeValues(current);
    const result = this.change(draft);
    refuseThenable(
      result,
      'The function of an update returned a promise. It may run more than once, on the record as it is then: let it be synchronous, and wait before or after.',
    );
    const values = encodeDraft(this.codec, draft, current);
    this.#result = result;
    return values;
  };
}

/**
 * Encodes a draft.
 *
 * @param current the values that the draft was made of
 * @throws SessionNotSerializableError
 */
export function encodeDraft(codec: SessionCodec, draft: SessionValues, current: EncodedValues): EncodedValues {
  if (Object.hasOwn(draft, 'cookie'))
    throw new SessionNotSerializableError('cookie', 'any value (a draft has no cookie)', "Set the cookie of the request's own session.");
  const carried = Array.from(current.keys())
    .filter(isReservedName)
    .map((key) => [key, current.get(key)!] as const);
  return new Map([...codec.encodeValues(draft, current), ...carried]);
}
