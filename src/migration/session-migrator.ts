import { Injectable } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import type { RecordChange, StoredRecord } from '../persistence/session.repository.js';
import { SessionUnavailableError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { Deadline } from '../batching/deadline.js';
import { PreviousStore, type FoundSession } from './previous-store.js';
import { lifetimeOf } from '../records/lifetime.js';
import { LoadBatcher } from '../batching/load-batcher.js';
import { stageOf, type Stage } from '../records/migrating-record.js';
import { RetryingRepository, type CallLimits } from '../batching/retrying-repository.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SessionRecord } from '../records/session-record.js';
import { commitIdAfter } from '../records/commit-id.js';
import { removeExpiredRow } from '../commit/expired-row.js';
import { RecordChangeBuilder } from '../commit/record-change-builder.js';

/** Three steps bring a session here; more are needed only when others work on it too. */
const MOST_STEPS = 10;

/** Whose session is moved. */
interface Migration {
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
export class SessionMigrator {
  readonly #previous: PreviousStore | undefined;
  /** The steps under way in this process, by storage key. */
  readonly #steps = new Map<string, Promise<boolean>>();

  constructor(
    private readonly loads: LoadBatcher,
    private readonly repository: RetryingRepository,
    private readonly builder: RecordChangeBuilder,
    private readonly codec: SessionCodec,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {
    this.#previous = options.migrateFrom && new PreviousStore(options.migrateFrom, codec);
  }

  /** Whether there is an earlier store. */
  get isOn(): boolean {
    return this.#previous !== undefined;
  }

  /**
   * The live record of a session, which may have been in the earlier store until now.
   *
   * @throws SessionUnavailableError when either of the two stores failed or took too long, and what `userId` throws
   */
  async load(storageKey: string, sessionId: string): Promise<StoredRecord | undefined> {
    const since = performance.now();
    const record = await this.loads.submit(storageKey);
    if (record && !stageOf(record)) return record;
    const left = Math.max(1, Math.ceil(this.options.timeout - (performance.now() - since)));
    const deadline = new Deadline('load', left, 'the database or the earlier store');
    return deadline.bound(this.#move({ storageKey, sessionId, deadline }, record));
  }

  /**
   * Removes a session from the earlier store. Then it can be destroyed here, or replaced.
   *
   * @param operation what it is done for, for the error
   * @throws SessionUnavailableError
   */
  async remove(sessionId: string, operation: 'destroy' | 'commit'): Promise<void> {
    const deadline = new Deadline(operation, this.options.timeout, 'the earlier store');
    await deadline.bound(this.#previous!.remove(sessionId, operation));
  }

  async #move(migration: Migration, first: StoredRecord | undefined): Promise<StoredRecord | undefined> {
    let record = first;
    for (let n = 0; n < MOST_STEPS; n++) {
      const isFound = await this.#joinStep(migration, record);
      record = await this.loads.submit(migration.storageKey);
      migration.deadline.throwIfPassed();
      if (record ? !stageOf(record) : !isFound) return record;
    }
    throw new SessionUnavailableError(
      'load',
      `it was destroyed, and was in the earlier store again, during each of ${MOST_STEPS} steps to move it. See what else writes to that store.`,
    );
  }

  /** Takes a step, or waits for the one that is under way: what is stored then is looked at anew. */
  #joinStep(migration: Migration, record: StoredRecord | undefined): Promise<boolean> {
    const { storageKey, deadline } = migration;
    const underWay = this.#steps.get(storageKey);
    if (underWay) return underWay;
    const { maxWaiting } = this.options;
    if (this.#steps.size >= maxWaiting)
      throw new SessionUnavailableError(
        'load',
        `${maxWaiting} others wait for the earlier store already, as many as \`maxWaiting\` allows.`,
      );
    // A store that never answers shall hold up no later load.
    const step = Promise.race([this.#step(migration, record), deadline.passed]).finally(() => this.#steps.delete(storageKey));
    this.#steps.set(storageKey, step);
    return step;
  }

  /** Returns whether the earlier store had the session. */
  async #step(migration: Migration, record: StoredRecord | undefined): Promise<boolean> {
    if (record && stageOf(record) === 'confirmed') {
      await this.#arrive(migration, record);
      return true;
    }
    const found = await this.#previous!.find(migration.sessionId);
    migration.deadline.throwIfPassed();
    if (found) await (record ? this.#confirm(migration, record, found) : this.#insert(migration, found));
    else if (record) await this.repository.destroyCommitted(migration.storageKey, record.commitId, limitsOf(migration));
    return found !== undefined;
  }

  async #insert(migration: Migration, found: FoundSession): Promise<void> {
    // Each attempt has an id of its own: a record that was seen, and destroyed, must not come again under the same.
    const { storageKey } = migration;
    const limits = limitsOf(migration);
    const changeOf = () => this.#changeOf(migration, found, 'unconfirmed');
    if (await this.repository.insert(storageKey, changeOf, limits)) return;
    const removeExpired = () => this.repository.removeExpired(storageKey, limits);
    await removeExpiredRow({ removeExpired }, storageKey, this.observers.lifecycle);
  }

  async #confirm(migration: Migration, record: StoredRecord, found: FoundSession): Promise<void> {
    await this.#write(migration, record, this.#changeOf(migration, found, 'confirmed'));
  }

  async #arrive(migration: Migration, record: StoredRecord): Promise<void> {
    const { storageKey, sessionId, deadline } = migration;
    const { maxAge } = record;
    const text = this.codec.open(storageKey, record.data);
    const { values } = SessionRecord.read(this.codec, record, text);
    const lifetime = (longest: number) => lifetimeOf(maxAge, this.options, longest < Infinity, true, longest);
    const change = this.builder.build(storageKey, values, text, { commitId: commitIdAfter(undefined), maxAge, lifetime, isAnySize: true });
    await this.#previous!.remove(sessionId, 'load');
    deadline.throwIfPassed();
    if (await this.#write(migration, record, change)) this.observers.lifecycle?.created({ storageKey, userId: change.userId });
  }

  #changeOf({ storageKey }: Migration, { text, maxAge }: FoundSession, stage: Stage): RecordChange {
    return this.builder.buildMigrating(storageKey, text, maxAge, stage);
  }

  /** Writes over a record as it was seen; versions would not tell it from another that was inserted since. Returns whether it was still there, also where the answer to that was lost. */
  async #write(migration: Migration, { commitId }: StoredRecord, change: RecordChange): Promise<boolean> {
    const decide = (current: StoredRecord) => (current.commitId === commitId ? change : undefined);
    const found = await this.repository.updateLocked(migration.storageKey, decide, limitsOf(migration));
    return found?.commitId === commitId || found?.commitId === change.commitId;
  }
}

function limitsOf({ deadline }: Migration): CallLimits {
  return { operation: 'load', deadline };
}
