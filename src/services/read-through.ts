import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import type { RecordChange, SessionRecord, SessionRepository } from '../persistence/session.repository.js';
import { SessionUnavailableError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../smart-session.options.js';
import { withDeadline, type Deadline } from './deadline.js';
import { EarlierSessions, type EarlierSession } from './earlier-sessions.js';
import { lifetimeOf } from './lifetime.js';
import { LoadJoiner } from './load-joiner.js';
import { movingCommitId, stageOf, type Stage } from './moving-record.js';
import { RepositoryCaller } from './repository-caller.js';
import { SessionObservers } from './session-observers.js';
import { StoredRecord } from './stored-record.js';
import { longestUnused, userIdOf } from './user-id.js';

/** Three steps bring a session here; more are needed only when others work on it too. */
const MOST_STEPS = 10;

/** Whose session is moved. */
interface Moving {
  readonly sessionId: string;
  readonly storageKey: string;
  readonly deadline: Deadline;
}

/**
 * Moves sessions here from the earlier store, each when it is loaded for the first time. A session comes in three
 * steps, each of which any process can take up where another has died:
 *
 * 1. nothing is here, and the earlier store has it: an unconfirmed record is inserted;
 * 2. the earlier store still has it: the record is confirmed. It has it no more: it was destroyed in between, or
 *    somebody else has done this step; the record is deleted if it is still unconfirmed;
 * 3. it is removed from the earlier store, and then the record is made one like any other.
 *
 * Until then nobody sees the record. So what can be seen here is not in the earlier store any more, and however it is
 * destroyed it cannot come back. `remove` comes before a record is destroyed: a load that has read the earlier store
 * before finds in step 2 that it must not go on, and one that is beyond step 2 has its record here to be destroyed.
 */
@Injectable()
export class ReadThrough {
  readonly #earlier: EarlierSessions | undefined;
  /** The steps under way in this process, by storage key. */
  readonly #steps = new Map<string, Promise<boolean>>();

  constructor(
    private readonly loads: LoadJoiner,
    private readonly caller: RepositoryCaller,
    private readonly codec: SessionCodec,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {
    this.#earlier = options.readThrough && new EarlierSessions(options.readThrough, codec);
  }

  /** Whether there is an earlier store. */
  get isOn(): boolean {
    return this.#earlier !== undefined;
  }

  /**
   * The live record of a session, which may have been in the earlier store until now.
   *
   * @throws SessionUnavailableError when either of the two stores failed or took too long, and what `userId` throws
   */
  async load(storageKey: string, sessionId: string): Promise<SessionRecord | undefined> {
    const since = performance.now();
    const record = await this.loads.load(storageKey);
    if (record && !stageOf(record)) return record;
    const left = Math.max(1, Math.ceil(this.options.timeout - (performance.now() - since)));
    return withDeadline(
      'load',
      left,
      (deadline) => this.#move({ storageKey, sessionId, deadline }, record),
      'the database or the earlier store',
    );
  }

  /**
   * Removes a session from the earlier store. Then it can be destroyed here, or replaced.
   *
   * @param operation what it is done for, for the error
   * @throws SessionUnavailableError
   */
  async remove(sessionId: string, operation: 'destroy' | 'commit'): Promise<void> {
    await withDeadline(operation, this.options.timeout, () => this.#earlier!.remove(sessionId, operation), 'the earlier store');
  }

  async #move(moving: Moving, first: SessionRecord | undefined): Promise<SessionRecord | undefined> {
    let record = first;
    for (let n = 0; n < MOST_STEPS; n++) {
      const isFound = await this.#joinStep(moving, record);
      record = await this.loads.load(moving.storageKey);
      moving.deadline.throwIfPassed();
      if (record ? !stageOf(record) : !isFound) return record;
    }
    throw new SessionUnavailableError(
      'load',
      `it was destroyed, and was in the earlier store again, during each of ${MOST_STEPS} steps to move it. See what else writes to that store.`,
    );
  }

  /** Takes a step, or waits for the one that is under way: what is stored then is looked at anew. */
  #joinStep(moving: Moving, record: SessionRecord | undefined): Promise<boolean> {
    const { storageKey, deadline } = moving;
    const underWay = this.#steps.get(storageKey);
    if (underWay) return underWay;
    const { maxWaiting } = this.options;
    if (this.#steps.size >= maxWaiting)
      throw new SessionUnavailableError(
        'load',
        `${maxWaiting} others wait for the earlier store already, as many as \`maxWaiting\` allows.`,
      );
    // A store that never answers shall hold up no later load.
    const step = Promise.race([this.#step(moving, record), deadline.passed]).finally(() => this.#steps.delete(storageKey));
    this.#steps.set(storageKey, step);
    return step;
  }

  /** Returns whether the earlier store had the session. */
  async #step(moving: Moving, record: SessionRecord | undefined): Promise<boolean> {
    if (record && stageOf(record) === 'confirmed') {
      await this.#arrive(moving, record);
      return true;
    }
    const found = await this.#earlier!.find(moving.sessionId);
    moving.deadline.throwIfPassed();
    if (found) await (record ? this.#confirm(moving, record, found) : this.#insert(moving, found));
    else if (record) await this.#ask(moving, (repository) => repository.destroyCommitted(moving.storageKey, record.commitId));
    return found !== undefined;
  }

  async #insert(moving: Moving, found: EarlierSession): Promise<void> {
    // Each attempt has an id of its own: a record that was seen, and destroyed, must not come again under the same.
    const insert = (repository: SessionRepository) => repository.insert(moving.storageKey, this.#changeOf(moving, found, 'unconfirmed'));
    if (await this.#ask(moving, insert)) return;
    // What stands in the way may be an expired row that nobody can load.
    await this.#ask(moving, (repository) => repository.removeExpired(moving.storageKey));
  }

  async #confirm(moving: Moving, record: SessionRecord, found: EarlierSession): Promise<void> {
    await this.#write(moving, record, this.#changeOf(moving, found, 'confirmed'));
  }

  async #arrive(moving: Moving, record: SessionRecord): Promise<void> {
    const { storageKey, sessionId, deadline } = moving;
    const { data, maxAge } = record;
    const { values } = StoredRecord.read(this.codec, record, this.codec.open(storageKey, data));
    const userId = userIdOf(values, this.options, this.codec);
    await this.#earlier!.remove(sessionId, 'load');
    deadline.throwIfPassed();
    const longest = longestUnused(userId, this.options);
    const change = {
      data,
      commitId: randomUUID(),
      userId,
      maxAge,
      lifetime: lifetimeOf(maxAge, this.options, longest < Infinity, true, longest),
    };
    if (await this.#write(moving, record, change)) this.observers.lives?.created({ storageKey, userId });
  }

  /** Writes a record of which nobody but who moves it knows a user yet: what is known of a user can be destroyed here alone. */
  #changeOf({ storageKey }: Moving, { text, maxAge }: EarlierSession, stage: Stage): RecordChange {
    const data = this.codec.seal(storageKey, text);
    return { data, commitId: movingCommitId(stage), userId: null, maxAge, lifetime: lifetimeOf(maxAge, this.options, true) };
  }

  /** Writes over a record as it was seen; versions would not tell it from another that was inserted since. Returns whether it was still there, also where the answer to that was lost. */
  async #write(moving: Moving, { commitId }: SessionRecord, change: RecordChange): Promise<boolean> {
    const found = await this.#ask(moving, (repository) =>
      repository.updateLocked(moving.storageKey, (current) => (current.commitId === commitId ? change : undefined)),
    );
    return found?.commitId === commitId || found?.commitId === change.commitId;
  }

  /** What is asked can be asked again without harm. */
  async #ask<Result>({ deadline }: Moving, ask: (repository: SessionRepository) => Promise<Result>): Promise<Result> {
    deadline.throwIfPassed();
    return this.caller.askUntil(deadline, 'load', ask);
  }
}
