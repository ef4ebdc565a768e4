import { Injectable, Logger } from '@nestjs/common';
import { copyOf } from '../codec/plain-json.js';
import { SessionCodec, type SessionValues } from '../codec/session.codec.js';
import type { EncodedValues } from '../merge/delta.js';
import type { SessionRecord } from '../persistence/session.repository.js';
import { abbreviate } from '../smart-session.errors.js';

/** A record whose data was read. */
export interface StoredValues {
  readonly values: EncodedValues;
  readonly data: string;
  readonly version: number;
  readonly commitId: string | null;
  readonly maxAge: number | null;
}

/** A record that was read. Its encoded values are made when they are asked for first: a request that only reads needs none. */
export class ReadRecord implements StoredValues {
  readonly data: string;
  readonly version: number;
  readonly commitId: string | null;
  readonly maxAge: number | null;
  readonly #parsed: SessionValues | undefined;
  #values: EncodedValues | undefined;

  /** @throws what the codec throws when the data cannot be read */
  constructor(
    private readonly codec: SessionCodec,
    { data, version, commitId, maxAge }: SessionRecord,
  ) {
    this.data = data;
    this.version = version;
    this.commitId = commitId;
    this.maxAge = maxAge;
    this.#parsed = codec.parse(data);
    if (!this.#parsed) this.#values = codec.split(data);
  }

  get values(): EncodedValues {
    return (this.#values ??= this.codec.split(this.data));
  }

  /** The values for a live session, a copy for each. */
  decode(): SessionValues {
    return this.#parsed ? copyOf(this.#parsed) : this.codec.decodeValues(this.values);
  }

  /** Whether a live session still holds these values. False may also mean that only its encoded values can tell. */
  isHeldBy(session: object): boolean {
    return this.#parsed !== undefined && this.codec.isAsParsed(session, this.#parsed);
  }
}

/** Reads the data of records. */
@Injectable()
export class RecordReader {
  readonly #logger = new Logger('SmartSession');

  constructor(private readonly codec: SessionCodec) {}

  /** The record with its values; undefined, with a line in the log, when its data cannot be read. */
  read(storageKey: string, record: SessionRecord): ReadRecord | undefined {
    try {
      return new ReadRecord(this.codec, record);
    } catch (error) {
      this.#logger.error(`Record ${abbreviate(storageKey)} cannot be read and is taken for no session: ${String(error)}`);
      return undefined;
    }
  }
}
