import { SessionCodec, type SessionValues } from '../codec/session.codec.js';
import { encodeDraft } from '../commit/draft-edit.js';
import type { EncodedValues } from '../merge/encoded-values.js';

/**
 * The draft of a transaction, as an edit in two steps: the first application makes the draft, and after `close` it gives the values
 * that the draft has by then.
 */
export class TransactionDraft {
  #draft: SessionValues | undefined;
  #values: EncodedValues | undefined;
  #base: EncodedValues | undefined;

  constructor(private readonly codec: SessionCodec) {}

  /** The draft. */
  get draft(): SessionValues {
    return this.#draft!;
  }

  /** Ends the changes. @throws SessionNotSerializableError */
  close(): void {
    this.#values = encodeDraft(this.codec, this.#draft!, this.#base!);
  }

  readonly apply = (current: EncodedValues): EncodedValues => {
    if (this.#values) return this.#values;
    this.#base = current;
    this.#draft = this.codec.decodeValues(current);
    return current;
  };
}
