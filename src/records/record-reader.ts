import { Injectable } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import type { StoredRecord } from '../persistence/session.repository.js';
import { SessionDecryptionError, abbreviate } from '../smart-session.errors.js';
import { SessionLogger } from '../security/session-logger.js';
import { asError } from '../shared/thrown.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { stageOf } from './migrating-record.js';
import { SessionRecord } from './session-record.js';

/** Reads the data of records. */
@Injectable()
export class RecordReader {
  readonly #logger = new SessionLogger();

  constructor(
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * The record with its values; undefined if its data cannot be read, which is logged, and for a record that
   * is still being migrated.
   *
   * @throws SessionDecryptionError if its data cannot be opened: that is not "no session"
   */
  read(storageKey: string, record: StoredRecord): SessionRecord | undefined {
    if (this.options.migrateFrom && stageOf(record)) return undefined;
    try {
      return SessionRecord.read(this.codec, record, this.codec.open(storageKey, record.data));
    } catch (error) {
      if (error instanceof SessionDecryptionError) {
        // Nest does not log an `HttpException`, but the operator must see this one.
        this.#logger.error(error.message);
        throw error;
      }
      this.#logger.error(`Record ${abbreviate(storageKey)} cannot be read, so it counts as absent: ${flawOf(error)}`);
      return undefined;
    }
  }
}

/** What is wrong with the data, without the pieces of it that a parser's message quotes. */
function flawOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'its data is not a JSON object. Find out which other program writes to the table.';
  return `the serializer cannot decode it (${asError(error).name}). Set the \`serializer\` that wrote it.`;
}
