import { Injectable } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { Lifetime, RecordChange } from '../persistence/session.repository.js';
import { lifetimeOf } from '../records/lifetime.js';
import { migratingCommitId, type Stage } from '../records/migrating-record.js';
import { longestUnused, userIdOf } from '../records/user-id.js';
import { SessionTooLargeError } from '../smart-session.errors.js';

/** What a change needs beside the values. */
export interface ChangeParts {
  readonly commitId: string;
  /** The cookie's max age, in ms; null for a cookie that ends with the browser. */
  readonly maxAge: number | null;
  /** Write only while the record is leased under this id. */
  readonly leaseId?: string | undefined;
  /** The text may be larger than `maxBytes`: the previous store has accepted it. */
  readonly isAnySize?: true;
  /**
   * Finds how long the record lives.
   *
   * @param longest how long the session may live without use, in ms
   */
  lifetime(longest: number): Lifetime;
}

/** Builds every change of a record: commits, migration and import write the same columns by the same rules. */
@Injectable()
export class RecordChangeBuilder {
  constructor(
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Builds the change that stores values.
   *
   * @param text the encoded values, before encryption
   * @throws SessionTooLargeError if the text is over `maxBytes`; SessionNotSerializableError if `userId` finds a value
   *   that is not a user id
   */
  build(storageKey: string, values: EncodedValues, text: string, parts: ChangeParts): RecordChange {
    const { commitId, maxAge, leaseId, isAnySize } = parts;
    const userId = userIdOf(values, this.options, this.codec);
    const lifetime = parts.lifetime(longestUnused(userId, this.options));
    const bytes = Buffer.byteLength(text);
    if (bytes > this.options.maxBytes && !isAnySize) throw new SessionTooLargeError(bytes, this.options.maxBytes);
    return { data: this.codec.seal(storageKey, text), commitId, userId, maxAge, lifetime, leaseId };
  }

  /**
   * Builds the change that stores a session while it is migrated. Its user stays null, so that it cannot be listed or
   * destroyed by user: the previous store still has it.
   */
  buildMigrating(storageKey: string, text: string, maxAge: number | null, stage: Stage): RecordChange {
    const data = this.codec.seal(storageKey, text);
    return { data, commitId: migratingCommitId(stage), userId: null, maxAge, lifetime: lifetimeOf(maxAge, this.options, true) };
  }
}
