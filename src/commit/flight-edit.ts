import { isReservedName } from '../codec/reserved-names.js';
import type { SessionCodec, SessionValues } from '../codec/session.codec.js';
import { computeDelta } from '../merge/delta.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import { encodeDraft } from './draft-edit.js';
import type { SessionMerger } from './session-merger.js';

/** Makes an edit of a record from a draft that was changed while others could change the record. */
export class FlightEdit {
  /** The draft. */
  readonly draft: SessionValues;

  /** @param base the values that the draft begins with */
  constructor(
    private readonly codec: SessionCodec,
    private readonly merger: SessionMerger,
    private readonly base: EncodedValues,
  ) {
    this.draft = codec.decodeValues(base);
  }

  /**
   * Merges what was changed in the draft into the current values.
   *
   * @throws SessionNotSerializableError, SessionMergeError
   */
  readonly apply = (current: EncodedValues): EncodedValues => {
    const mine = encodeDraft(this.codec, this.draft, this.base);
    const delta = computeDelta(this.base, mine, (key) => !isReservedName(key));
    return this.merger.apply(current, delta, this.base);
  };
}
