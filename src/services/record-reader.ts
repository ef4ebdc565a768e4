import { Injectable, Logger } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
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

/** Reads the data of records. */
@Injectable()
export class RecordReader {
  readonly #logger = new Logger('SmartSession');

  constructor(private readonly codec: SessionCodec) {}

  /** The record with its values; undefined, with a line in the log, when its data cannot be read. */
  read(storageKey: string, { data, version, commitId, maxAge }: SessionRecord): StoredValues | undefined {
    try {
      return { values: this.codec.split(data), data, version, commitId, maxAge };
    } catch (error) {
      this.#logger.error(`Record ${abbreviate(storageKey)} cannot be read and is taken for no session: ${String(error)}`);
      return undefined;
    }
  }
}
