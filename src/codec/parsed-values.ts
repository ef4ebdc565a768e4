import type { EncodedValues } from '../merge/encoded-values.js';
import { LongMember, valueOf } from './long-member.js';
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

  /** Returns the record's own text of a long member, so that two records are compared without parsing it. */
  textAtHand(key: string): string | undefined {
    const member = this.has(key) ? this.parsed[key] : undefined;
    return member instanceof LongMember ? member.text : undefined;
  }

  #encode(key: string): string {
    const text = this.codec.encodeStored(key, valueOf(this.parsed[key]));
    this.#texts.set(key, text);
    return text;
  }
}
