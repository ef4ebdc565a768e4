import { Injectable } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import { computeDelta, isEmptyDelta } from '../merge/delta.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { RecordChange } from '../persistence/session.repository.js';
import { SessionRecord } from '../records/session-record.js';
import type { Edit } from './edit.js';
import { lifetimeAfter } from './edit-lifetime.js';
import { RecordChangeBuilder } from './record-change-builder.js';

/** The record after an edit, and the change that makes it so; no change if the edit changes nothing. */
export interface Revision {
  readonly kind: 'committed';
  readonly record: SessionRecord;
  readonly change: RecordChange | undefined;
}

/** The parts of a commit that a revision is made from. */
export interface RevisedCommit {
  readonly storageKey: string;
  readonly commitId: string;
  readonly edit: Edit;
}

/** Makes the next revision of a record. */
@Injectable()
export class RevisionBuilder {
  constructor(
    private readonly builder: RecordChangeBuilder,
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Makes a revision with these values.
   *
   * @param current undefined for a new record
   * @throws SessionTooLargeError, SessionNotSerializableError
   */
  build({ storageKey, commitId, edit }: RevisedCommit, current: SessionRecord | undefined, values: EncodedValues): Revision {
    if (current && !edit.alwaysWrites && edit.maxAge === undefined && isEmptyDelta(computeDelta(current.values, values)))
      return unchanged(current);
    const maxAge = edit.maxAge === undefined ? (current?.maxAge ?? null) : edit.maxAge;
    const record = SessionRecord.committed(this.codec, { version: current ? current.version + 1 : 0, commitId, maxAge }, values, current);
    const lifetime = (longest: number) => lifetimeAfter(edit, current, maxAge, longest, this.options, this.codec);
    const change = this.builder.build(storageKey, values, record.text, { commitId, maxAge, leaseId: edit.leaseId, lifetime });
    record.data = change.data;
    return { kind: 'committed', record, change };
  }
}

/** The revision of a record that stays as it is. */
export function unchanged(record: SessionRecord): Revision {
  return { kind: 'committed', record, change: undefined };
}
