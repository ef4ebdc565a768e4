import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import { SessionConflictError, SessionGoneError, SessionUnavailableError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { Backoff } from '../batching/backoff.js';
import { Deadline } from '../batching/deadline.js';
import { LiveChanges } from '../live/live-changes.js';
import { LoadBatcher } from '../batching/load-batcher.js';
import { RecordReader } from '../records/record-reader.js';
import { RetryingRepository } from '../batching/retrying-repository.js';
import type { LiveSession } from '../live/live-session.js';
import { isOtherGeneration } from '../records/commit-id.js';
import { SessionObservers } from '../observers/session-observers.js';
import type { SessionRecord } from '../records/session-record.js';
import { userIdIfKnown } from '../records/user-id.js';

/** Ends a session whose values are carried over to another: `regenerate` with `keep`. */
@Injectable()
export class SessionHandover {
  constructor(
    private readonly changes: LiveChanges,
    private readonly codec: SessionCodec,
    private readonly loads: LoadBatcher,
    private readonly reader: RecordReader,
    private readonly repository: RetryingRepository,
    private readonly backoff: Backoff,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Destroys the record of a live session, and returns what a commit at that moment would have stored: the record's
   * values, and what the request has changed. No commit can come between, because the record is ended only as it was
   * read. The end is an update, so that a retry recognizes it if its answer was lost: a deletion leaves no trace.
   *
   * @throws SessionGoneError if the record is gone: an ended session must not live on under another id
   * @throws SessionConflictError if the record was changed during each of `maxAttempts` attempts
   * @throws SessionUnavailableError, SessionNotSerializableError, SessionMergeError, SessionReadOnlyError; then nothing was destroyed, or that is unknown
   */
  async endAndTakeValues(session: object, live: LiveSession): Promise<EncodedValues> {
    const now = this.changes.snapshot(session, live);
    const edit = this.changes.editOf(now, live);
    const after = (current: EncodedValues) => (edit ? edit.apply(current) : current);
    const { state, record, storageKey } = live;
    if (state === 'new') return after(new Map());
    if (state === 'gone' || !record) throw new SessionGoneError(storageKey, 'regenerate');
    const deadline = new Deadline('destroy', this.options.timeout);
    const values = await deadline.bound(this.#endAndTake(storageKey, record, after, deadline));
    live.state = 'gone';
    // If this fails, pruning deletes the empty row.
    await this.repository.removeExpired(storageKey).catch(() => undefined);
    return values;
  }

  async #endAndTake(
    storageKey: string,
    known: SessionRecord,
    after: (current: EncodedValues) => EncodedValues,
    deadline: Deadline,
  ): Promise<EncodedValues> {
    const endId = randomUUID();
    let record = known;
    for (let attempt = 1; attempt <= this.options.maxAttempts; attempt++) {
      if (attempt > 1) await this.backoff.wait(attempt);
      deadline.throwIfPassed();
      const { values } = record;
      // A failing merge rule must throw before anything is destroyed.
      const taken = after(values);
      const next = await this.#end(storageKey, record, endId, deadline);
      if (next === 'ended') {
        this.observers.hints.listener?.ended([storageKey]);
        this.observers.lifecycle?.destroyed({ storageKey, userId: userIdIfKnown(values, this.options, this.codec) }, 'replaced');
        return taken;
      }
      record = next;
    }
    throw new SessionConflictError(storageKey, this.options.maxAttempts);
  }

  /** Ends the record as it is known. If it has changed, returns it as it is now. */
  async #end(storageKey: string, known: SessionRecord, endId: string, deadline: Deadline): Promise<SessionRecord | 'ended'> {
    const isEnded = await this.repository.end(storageKey, known, endId, { deadline });
    if (isEnded === true) return 'ended';
    const found = await this.loads.submit(storageKey);
    const record = found && this.reader.read(storageKey, found);
    if (record && !isOtherGeneration(known.commitId, record.commitId)) return record;
    if (!isEnded) throw new SessionGoneError(storageKey, 'regenerate');
    if (await this.repository.isEndedBy(storageKey, endId, { deadline })) return 'ended';
    throw new SessionUnavailableError(
      'destroy',
      'the connection was lost, and the session has ended. It is unknown which request ended it, so its values are not carried over. Let the client start a new session.',
    );
  }
}
