import type { EncodedValues } from '../merge/encoded-values.js';
import type { SessionCodec, SessionValues } from './session.codec.js';

/** The encoded values of a parsed record. Each value is encoded when it is first read. */
export class ParsedValues implements EncodedValues {
  readonly #texts = new Map<string, string>();

  constructor(
    private readonly codec: SessionCodec,
    private readonly parsed: SessionValues,
  ) {}

  get(key: string): string | undefined {
    return this.#texts.get(key) ?? (this.has(key) ? this.#encode(key) : undefined);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.parsed, key);
  }

  keys(): Iterable<string> {
    return Object.keys(this.parsed);
  }

  #encode(key: string): string {
    const text = this.codec.encodeStored(key, this.parsed[key]);
    this.#texts.set(key, text);
    return text;
  }
}
