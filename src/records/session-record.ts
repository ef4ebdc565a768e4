import { ParsedValues } from '../codec/parsed-values.js';
import { hasLongMembers } from '../codec/long-member.js';
import { deferredCopyOf, joinMembers } from '../codec/parsed-members.js';
import { copyOf } from '../codec/plain-json.js';
import type { SessionCodec, SessionValues } from '../codec/session.codec.js';
import { ChangedValues, differingKeys, type EncodedValues } from '../merge/encoded-values.js';
import type { StoredRecord } from '../persistence/session.repository.js';

/** What a record says of itself besides its data. */
export type RecordHead = Pick<StoredRecord, 'version' | 'commitId' | 'maxAge'>;

/**
 * A record as a process knows it. It has its values in two forms, each made on first use. The encoded form is compared
 * and merged. The parsed form shows that a live session is unchanged, without encoding it.
 */
export class SessionRecord {
  readonly version: number;
  readonly commitId: string | null;
  readonly maxAge: number | null;
  readonly values: EncodedValues;
  /** Whether its live sessions have members that are parsed when they are read. */
  readonly isDeferred: boolean;
  /** The row's data, sealed if sessions are encrypted. Undefined for a record that was not read or stored. */
  data: string | undefined;
  /** Undefined for a record that only its encoded values can tell. */
  readonly #parsed: SessionValues | undefined;
  #text: string | undefined;

  private constructor(
    private readonly codec: SessionCodec,
    { version, commitId, maxAge }: RecordHead,
    values: EncodedValues,
    parsed: SessionValues | undefined,
  ) {
    this.version = version;
    this.commitId = commitId;
    this.maxAge = maxAge;
    this.values = values;
    this.#parsed = parsed;
    this.isDeferred = parsed !== undefined && hasLongMembers(parsed);
  }

  /**
   * @param text what the record's data was opened to
   * @throws what the codec throws when the text cannot be read
   */
  static read(codec: SessionCodec, row: RecordHead & Pick<StoredRecord, 'data'>, text: string): SessionRecord {
    const parsed = codec.parse(text);
    const record = new SessionRecord(codec, row, parsed ? new ParsedValues(codec, parsed) : codec.split(text), parsed);
    record.data = row.data;
    return record;
  }

  /**
   * The record that a commit of `values` makes.
   *
   * @param before the record before; undefined for a new one
   */
  static committed(codec: SessionCodec, head: RecordHead, values: EncodedValues, before: SessionRecord | undefined): SessionRecord {
    return new SessionRecord(codec, head, values, before ? before.#parsedWith(values) : codec.parse(codec.join(values)));
  }

  /** The text to store, not sealed. */
  get text(): string {
    return (this.#text ??= this.#write());
  }

  /** The values for a live session, a copy for each. */
  decode(): SessionValues {
    if (!this.#parsed) return this.codec.decodeValues(this.values);
    return this.isDeferred ? deferredCopyOf(this.#parsed) : copyOf(this.#parsed);
  }

  /** Whether a live session holds just these values. False may also mean that only its encoded values can tell. */
  isHeldBy(session: object): boolean {
    return this.#parsed !== undefined && this.codec.isAsParsed(session, this.#parsed);
  }

  /**
   * The encoded values of a live session. What it holds as it is here is not encoded again.
   *
   * @throws SessionNotSerializableError
   */
  valuesOf(session: object): EncodedValues {
    return this.#parsed
      ? ChangedValues.of(this.values, this.codec.encodeChanges(session, this.#parsed))
      : this.codec.encodeValues(session, this.values);
  }

  #write(): string {
    if (!this.#parsed) return this.codec.join(this.values);
    return this.isDeferred ? joinMembers(this.#parsed) : this.codec.stringify(this.#parsed);
  }

  /** What other values would be parsed as; most of it is here. */
  #parsedWith(values: EncodedValues): SessionValues | undefined {
    return this.#parsed && this.codec.parseChanged(this.#parsed, values, differingKeys(this.values, values));
  }
}

/** Whether a record has other values than it had. The same record, loaded again, has the same. */
export function haveOtherValues(before: SessionRecord | undefined, now: SessionRecord | undefined): boolean {
  return before?.values !== now?.values && !(before?.version === now?.version && before?.commitId === now?.commitId);
}
