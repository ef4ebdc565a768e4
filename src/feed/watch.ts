import { AsyncResource } from 'node:async_hooks';
import type { RecordState } from '../persistence/session.repository.js';
import type { SessionRecord } from '../records/session-record.js';
import { handleOf } from '../security/session-handle.js';
import type { SessionLogger } from '../security/session-logger.js';
import { asError, describeThrown } from '../shared/thrown.js';
import { isOtherGeneration } from '../records/commit-id.js';
import { ChangeDeliveries } from './change-deliveries.js';
import { KeyChanges } from './key-changes.js';
import type { RecordHashes } from './record-hashes.js';
import type { SessionChange, SessionEnd, SessionWatch, WatchOptions } from './session-watch.js';

/** The parts of the feed that a watch needs. */
export interface WatchSurroundings {
  readonly logger: SessionLogger;
  /** Whether an answer or a caller has seen the target, perhaps before the watch began. */
  readonly isSeen: () => boolean;
  /** Whether the last answer about the target is recent enough. */
  readonly isFresh: () => boolean;
  /** Forgets the watch. */
  readonly leave: (watch: Watch) => void;
}

/** The session as the caller of a watch knows it. */
export interface KnownSession {
  /** The record as it was loaded; undefined for a new session, and for a watch by id or by user. */
  readonly record?: SessionRecord | undefined;
  /** Whether the session may still get its row: it is new, or moves from the previous store. */
  readonly mayBeRowless: () => boolean;
}

/** A watch, its callbacks, and what it has seen. */
export class Watch implements SessionWatch {
  readonly checked: Promise<boolean>;
  #settleChecked: (isLive: boolean) => void = () => {};
  readonly #surroundings: WatchSurroundings;
  readonly #onEnd: WatchOptions['onEnd'];
  readonly #deliveries: ChangeDeliveries | undefined;
  readonly #keys: ReadonlySet<string> | undefined;
  readonly #changes = new Map<string, KeyChanges>();
  /** The last commit of the session that the watch has seen. */
  #commitId: string | null | undefined;
  /** Undefined once the row was seen. */
  #known: KnownSession | undefined;
  #isOver = false;
  #isAsked = false;
  #isConfirmed = false;
  #mustExist = false;

  constructor({ onEnd, onChange, keys }: WatchOptions, surroundings: WatchSurroundings, known: KnownSession | undefined) {
    this.#surroundings = surroundings;
    // Callbacks run in the caller's asynchronous context, and not in that of the request or timer that has started a poll.
    this.#onEnd = AsyncResource.bind(onEnd);
    this.#keys = keys && new Set(keys);
    if (onChange) {
      const call = AsyncResource.bind(onChange);
      this.#deliveries = new ChangeDeliveries((change: SessionChange) => this.#guard('onChange', () => call(change)));
    }
    this.checked = new Promise((resolve) => (this.#settleChecked = resolve));
    this.#known = known;
    this.#commitId = known?.record?.commitId;
  }

  get isLive(): boolean {
    return !this.#isOver && (this.#isConfirmed || this.#surroundings.isSeen()) && this.#surroundings.isFresh();
  }

  /** Whether the watch tells of changes. */
  get hasKeys(): boolean {
    return this.#deliveries !== undefined;
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deliveries?.drop();
    this.#surroundings.leave(this);
    this.#settleChecked(false);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  /** Notes that the database is asked now. An answer to an earlier question says nothing about this watch. */
  ask(): void {
    this.#isAsked = true;
    this.#mustExist ||= !this.#known?.mayBeRowless();
  }

  /** The session that was never stored has ended in this process. */
  expectRow(): void {
    this.#known = undefined;
  }

  /** The answer: the session's row. Undefined if there is none. */
  answer(storageKey: string, state: RecordState | undefined): void {
    if (!this.#isAsked) return;
    if (state && !state.isLive) return this.end({ reason: 'expired', handle: handleOf(storageKey) });
    // Another session may have been stored under the same id.
    const isOther = state && isOtherGeneration(this.#commitId, state.commitId);
    if (isOther || (!state && this.#mustExist)) return this.end({ reason: 'ended', handle: handleOf(storageKey) });
    if (state) {
      this.changesOf(storageKey);
      this.#commitId = state.commitId;
      this.#known = undefined;
    }
    this.confirm();
  }

  /** The database has answered, and what is watched is live. */
  confirm(): void {
    if (!this.#isAsked) return;
    this.#isConfirmed = true;
    this.#settleChecked(true);
  }

  /** The keys of a session as the watch has seen them. Undefined if it tells of no changes. */
  changesOf(storageKey: string): KeyChanges | undefined {
    if (!this.#deliveries || !this.#isAsked || this.#isOver) return undefined;
    const changes = this.#changes.get(storageKey) ?? new KeyChanges(this.#keys, this.#known?.record);
    this.#changes.set(storageKey, changes);
    return changes;
  }

  /**
   * A changed record was loaded.
   *
   * @param changes from before the load. The session may have ended meanwhile, and another one may have begun under its id
   */
  compare(storageKey: string, changes: KeyChanges, loaded: RecordHashes): void {
    if (!this.#isOver && this.#changes.get(storageKey) === changes) this.#deliveries!.add(handleOf(storageKey), changes.compare(loaded));
  }

  /** The watch is over. */
  end(end: SessionEnd): void {
    if (this.#isOver) return;
    this.stop();
    void this.#guard('onEnd', () => this.#onEnd(end));
  }

  /** A session of the user has ended. The watch goes on. */
  tellEnd(storageKey: string, reason: SessionEnd['reason']): void {
    const handle = handleOf(storageKey);
    this.#changes.delete(storageKey);
    this.#deliveries?.drop(handle);
    if (!this.#isOver) void this.#guard('onEnd', () => this.#onEnd({ reason, handle }));
  }

  async #guard(name: string, call: () => unknown): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#surroundings.logger.error(`The callback ${name} of a watch failed: ${describeThrown(error)}`, asError(error).stack);
    }
  }
}
