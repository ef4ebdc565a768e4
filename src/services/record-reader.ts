import { Injectable, Logger } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import type { SessionRecord } from '../persistence/session.repository.js';
import { abbreviate } from '../smart-session.errors.js';
import { StoredRecord } from './stored-record.js';

/** Reads the data of records. */
@Injectable()
export class RecordReader {
  readonly #logger = new Logger('SmartSession');

  constructor(private readonly codec: SessionCodec) {}

  /** The record with its values; undefined, with a line in the log, when its data cannot be read. */
  read(storageKey: string, record: SessionRecord): StoredRecord | undefined {
    try {
      return StoredRecord.read(this.codec, record);
    } catch (error) {
      this.#logger.error(`Record ${abbreviate(storageKey)} cannot be read and is taken for no session: ${String(error)}`);
      return undefined;
    }
  }
}
