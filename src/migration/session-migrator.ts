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

/** A session needs three steps; more only if other processes work on it too. */
const MOST_STEPS = 10;

/** The migration of one session. */
interface Migration {
  readonly sessionId: string;
  readonly storageKey: string;
  readonly deadline: Deadline;
}

/**
 * Moves sessions from the previous store to this one, each when it is loaded for the first time. A session takes three
 * steps. If a process dies, any other can continue:
 *
 * 1. There is no record, and the previous store has the session: insert an unconfirmed record.
 * 2. If the previous store still has the session, confirm the record. If not, the session was destroyed meanwhile, or
 *    another process has done this step: delete the record if it is still unconfirmed.
 * 3. Remove the session from the previous store, and then make the record an ordinary one.
 *
 * No load returns the record until then. So a session that a load returns is no longer in the previous store, and
 * cannot come back from there once it is destroyed. Before a record is destroyed, `remove` is called. A load that has
 * read the previous store before that stops in step 2, and the record of one that is past step 2 is destroyed.
 */
@Injectable()
export class SessionMigrator {
  readonly #previous: PreviousStore | undefined;
  /** The steps in progress in this process, by storage key. */
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

  /** Whether the option `migrateFrom` is set. */
  get isOn(): boolean {
    return this.#previous !== undefined;
  }

  /**
   * The live record of a session, which may have been in the previous store until now.
   *
   * @throws SessionUnavailableError if one of the two stores failed or took too long, and what `userId` throws
   */
  async load(storageKey: string, sessionId: string): Promise<StoredRecord | undefined> {
    const since = performance.now();
    const record = await this.loads.submit(storageKey);
    if (record && !stageOf(record)) return record;
    const left = Math.max(1, Math.ceil(this.options.timeout - (performance.now() - since)));
    const deadline = new Deadline('load', left, 'the database or the previous store');
    return deadline.bound(this.#move({ storageKey, sessionId, deadline }, record));
  }

  /**
   * Removes a session from the previous store, before it is destroyed or replaced here.
   *
   * @param operation the caller's operation, for the error
   * @throws SessionUnavailableError
   */
  async remove(sessionId: string, operation: 'destroy' | 'commit'): Promise<void> {
    const deadline = new Deadline(operation, this.options.timeout, 'the previous store');
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
      `it was destroyed and restored in the previous store during each of ${MOST_STEPS} steps to move it. Stop the other processes that write to that store.`,
    );
  }

  /** Takes a step, or waits for the one in progress. The caller loads the record again afterwards. */
  #joinStep(migration: Migration, record: StoredRecord | undefined): Promise<boolean> {
    const { storageKey, deadline } = migration;
    const inProgress = this.#steps.get(storageKey);
    if (inProgress) return inProgress;
    const { maxWaiting } = this.options;
    if (this.#steps.size >= maxWaiting)
      throw new SessionUnavailableError(
        'load',
        `${maxWaiting} others are waiting for the previous store, which is the limit \`maxWaiting\`. Retry later, or raise \`maxWaiting\`.`,
      );
    // A store that never answers must not block later loads.
    const step = Promise.race([this.#step(migration, record), deadline.passed]).finally(() => this.#steps.delete(storageKey));
    this.#steps.set(storageKey, step);
    return step;
  }

  /** Returns whether the previous store had the session. */
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
    // Each attempt has an id of its own, so that a record which was loaded and destroyed does not come back under its id.
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

  /** Writes over a record if it is still the one that was loaded: a version could be that of a record which was inserted since. Returns whether it was, also if an answer was lost. */
  async #write(migration: Migration, { commitId }: StoredRecord, change: RecordChange): Promise<boolean> {
    const decide = (current: StoredRecord) => (current.commitId === commitId ? change : undefined);
    const found = await this.repository.updateLocked(migration.storageKey, decide, limitsOf(migration));
    return found?.commitId === commitId || found?.commitId === change.commitId;
  }
}

function limitsOf({ deadline }: Migration): CallLimits {
  return { operation: 'load', deadline };
}
