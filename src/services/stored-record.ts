import { copyOf, isAsParsed } from '../codec/plain-json.js';
import type { SessionCodec, SessionValues } from '../codec/session.codec.js';
import type { EncodedValues } from '../merge/delta.js';
import type { SessionRecord } from '../persistence/session.repository.js';

/** What a record says of itself besides its values. */
export type RecordHead = Pick<SessionRecord, 'data' | 'version' | 'commitId' | 'maxAge'>;

/**
 * A record as a process knows it. Its values are there in two forms, each made when it is first asked for:
 * encoded, by which they are compared and merged, and as they were parsed, by which a live session is told to
 * be unchanged without encoding it.
 */
export class StoredRecord {
  readonly data: string;
  readonly version: number;
  readonly commitId: string | null;
  readonly maxAge: number | null;
  #values: EncodedValues | undefined;
  #parsed: SessionValues | undefined;
  /** What the record before held: most of it is here too. */
  #before: { readonly values: EncodedValues; readonly parsed: SessionValues } | undefined;

  private constructor(
    private readonly codec: SessionCodec,
    { data, version, commitId, maxAge }: RecordHead,
  ) {
    this.data = data;
    this.version = version;
    this.commitId = commitId;
    this.maxAge = maxAge;
  }

  /** @throws what the codec throws when the data cannot be read */
  static read(codec: SessionCodec, head: RecordHead): StoredRecord {
    const record = new StoredRecord(codec, head);
    record.#parsed = codec.parse(head.data);
    if (!record.#parsed) record.#values = codec.split(head.data);
    return record;
  }

  /** The record that a commit of `values` makes. */
  static committed(codec: SessionCodec, head: RecordHead, values: EncodedValues, before: StoredRecord | undefined): StoredRecord {
    const record = new StoredRecord(codec, head);
    record.#values = values;
    if (before && before.#parsed) record.#before = { values: before.values, parsed: before.#parsed };
    return record;
  }

  get values(): EncodedValues {
    return (this.#values ??= this.codec.encodeParsed(this.#parsed ?? {}));
  }

  /** The values for a live session, a copy for each. */
  decode(): SessionValues {
    return this.#parsed ? copyOf(this.#parsed) : this.codec.decodeValues(this.values);
  }

  /** Whether a live session holds just these values. False may also mean that only its encoded values can tell. */
  isHeldBy(session: object): boolean {
    const parsed = this.#parse();
    return parsed !== undefined && this.codec.isAsParsed(session, parsed);
  }

  /** The encoded text of a key, if the value given is for certain the one that is stored there. */
  textOf(key: string, value: unknown): string | undefined {
    const parsed = this.#parse();
    return parsed && Object.hasOwn(parsed, key) && isAsParsed(value, parsed[key]) ? this.values.get(key) : undefined;
  }

  #parse(): SessionValues | undefined {
    const before = this.#before;
    if (!this.#parsed && before) {
      const parsed: SessionValues = {};
      for (const [key, text] of this.values) parsed[key] = text === before.values.get(key) ? before.parsed[key] : JSON.parse(text);
      this.#parsed = parsed;
      this.#before = undefined;
    }
    return this.#parsed;
  }
}
