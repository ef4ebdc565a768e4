import { AsyncResource } from 'node:async_hooks';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { RetryingRepository } from '../batching/retrying-repository.js';
import type { LiveSession } from '../live/live-session.js';
import type { RecordListener } from '../observers/record-hints.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { SessionRepository, type RecordState } from '../persistence/session.repository.js';
import { SessionLoader } from '../protocol/session-loader.js';
import { handleOf } from '../security/session-handle.js';
import { SessionLogger } from '../security/session-logger.js';
import { SessionDecryptionError, SessionWatchLimitError } from '../smart-session.errors.js';
import { ChangeLoads } from './change-loads.js';
import { FeedNotifications, type FeedHearing } from './feed-notifications.js';
import { PollRounds } from './poll-rounds.js';
import { RecordHashes } from './record-hashes.js';
import type { SessionWatch, WatchOptions } from './session-watch.js';
import { TargetGroup } from './target-group.js';
import { TargetIndex } from './target-index.js';
import { SessionTarget, UserTarget, type WatchTarget } from './watch-target.js';
import { Watch, type KnownSession } from './watch.js';

/** How long a watch lasts that begins after the shutdown, in ms. So an app that watches again in `onEnd` does not keep a core busy. */
const LATE_END = 50;

/** The last poll fails after this part of the grace. The rest is for the calls of `onEnd`. */
const LAST_FAILURE = 0.95;

/** An answer older than this part of the grace comes from before a pause, unless a poll has failed since. Polls themselves take less. */
const LAST_ANSWER = 0.8;

/**
 * Watches sessions. A poll alone decides whether a session is live: it asks the database for the rows of all targets of this process, in
 * batches. A hint only makes the next poll immediate. So a lost hint costs time, and nothing else.
 */
@Injectable()
export class SessionFeed implements RecordListener, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #sessions: TargetGroup<SessionTarget>;
  readonly #users: TargetGroup<UserTarget>;
  readonly #index = new TargetIndex<WatchTarget>();
  readonly #rounds: PollRounds;
  readonly #soon: () => void;
  readonly #logger = new SessionLogger();
  /** The notifications of other processes. */
  readonly #hearing: FeedHearing = {
    ended: (hash) => this.#hint(this.#index.byHash(hash)),
    written: (hash) => this.#hintChanged(this.#index.byHash(hash)),
    cleared: () => this.#pollAll(),
    lost: () => this.#pollAll(),
    watched: () => this.#index.hashesOf(hasKeys),
  };
  /** Undefined if `feed.notify` is off, or the database has no notifications. */
  readonly #others: FeedNotifications | undefined;
  #watches = 0;
  #isShutDown = false;

  constructor(
    private readonly repository: RetryingRepository,
    private readonly loader: SessionLoader,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
    { notifications }: SessionRepository,
  ) {
    this.#sessions = new TargetGroup(
      (keys, timeout) => this.repository.statesOf(keys, { timeout }),
      ({ storageKey }) => storageKey,
    );
    this.#users = new TargetGroup(
      (keys, timeout) => this.repository.statesOfUsers(keys, { timeout }),
      ({ userId }) => userId,
    );
    // Polls serve all watches, so they run in no caller's asynchronous context.
    this.#rounds = new PollRounds(
      options.feed.interval,
      AsyncResource.bind(() => this.#pollAll()),
      () => this.#round(),
    );
    this.#soon = AsyncResource.bind(() => this.#rounds.soon());
    if (!options.feed.notify || !notifications) return;
    this.#others = new FeedNotifications(notifications, this.#hearing, this.#logger);
    // A process without watches tells the others too.
    observers.hints.listener = this;
  }

  /** A process without watches listens too, because it must know which sessions the others watch. */
  onApplicationBootstrap(): void {
    this.#others?.start();
  }

  /**
   * Watches a live session.
   *
   * @throws SessionWatchLimitError
   */
  watchLive(live: LiveSession, options: WatchOptions): SessionWatch {
    const { storageKey, state, since, record } = live;
    const known = { record, mayBeRowless: () => live.state === 'new' };
    return this.#watchSession(storageKey, options, known, state === 'stored' ? since : undefined);
  }

  /**
   * Watches the session of an id.
   *
   * @throws SessionWatchLimitError
   */
  watchById(storageKey: string, sessionId: string, options: WatchOptions): SessionWatch {
    let isMoving = this.options.migrateFrom !== undefined;
    const watch = this.#watchSession(storageKey, options, { mayBeRowless: () => isMoving });
    if (isMoving)
      void this.loader
        .read(storageKey, sessionId)
        .catch(() => watch.end({ reason: 'unknown', handle: handleOf(storageKey) }))
        .finally(() => {
          isMoving = false;
          this.#hint(this.#index.of(storageKey));
        });
    return watch;
  }

  /**
   * Watches the sessions of a user.
   *
   * @throws SessionWatchLimitError
   */
  watchUser(userId: string, options: WatchOptions): SessionWatch {
    return this.#watch(this.#users, userId, () => new UserTarget(userId, this.#index, this.#newLoads()), options);
  }

  ended(storageKeys: Iterable<string>): void {
    const ended = [...storageKeys];
    if (ended.length === 0) return;
    this.#others?.ended(ended);
    for (const key of ended) {
      this.#sessions.find(key)?.expectRow();
      this.#hint(this.#index.of(key));
    }
  }

  cleared(): void {
    this.#others?.cleared();
    for (const target of this.#sessions.values()) target.expectRow();
    this.#pollAll();
  }

  written(storageKey: string): void {
    this.#others?.written(storageKey);
    if (this.#watches > 0) this.#hintChanged(this.#index.of(storageKey));
  }

  /** Ends all watches, so that their connections are closed: nothing would tell them any more. Then no statement is sent. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#isShutDown = true;
    for (const target of this.#targets) this.#lose(target);
    this.#rounds.stop();
    await Promise.all([this.#rounds.ended(), this.#others?.stop()]);
  }

  #watchSession(storageKey: string, options: WatchOptions, known: KnownSession, loadedAt?: number): Watch {
    const watch = this.#watch(
      this.#sessions,
      storageKey,
      () => new SessionTarget(storageKey, this.#index, this.#newLoads(), loadedAt),
      options,
      known,
    );
    if (watch.hasKeys) this.#others?.watched(storageKey);
    return watch;
  }

  #watch<Target extends WatchTarget>(
    group: TargetGroup<Target>,
    key: string,
    make: () => Target,
    options: WatchOptions,
    known?: KnownSession,
  ): Watch {
    const { maxWatches, grace } = this.options.feed;
    if (this.#watches >= maxWatches) throw new SessionWatchLimitError(maxWatches);
    const target = group.find(key) ?? make();
    const watch = new Watch(
      options,
      {
        logger: this.#logger,
        isSeen: () => target.isSeen,
        isFresh: () => performance.now() - target.checkedAt < grace,
        leave: () => this.#leave(group, target, watch),
      },
      known,
    );
    target.watches.add(watch);
    if (!group.has(target)) {
      group.add(target);
      target.open();
    }
    this.#watches++;
    this.observers.hints.listener = this;
    if (this.#isShutDown) this.#loseLater(target);
    else this.#begin(group, key);
    return watch;
  }

  #newLoads(): ChangeLoads {
    return new ChangeLoads(async (storageKey) => {
      try {
        const loaded = await this.loader.read(storageKey);
        return loaded ? new RecordHashes(loaded.record) : 'unreadable';
      } catch (error) {
        if (error instanceof SessionDecryptionError) return 'unreadable';
        throw error;
      }
    });
  }

  #begin(group: TargetGroup, key: string): void {
    this.#rounds.start();
    this.#others?.start();
    group.hint(key);
    this.#soon();
  }

  #leave(group: TargetGroup, target: WatchTarget, watch: Watch): void {
    target.watches.delete(watch);
    this.#watches--;
    if (target.watches.size > 0) return;
    group.remove(target);
    target.close();
    if (this.#watches > 0) return;
    this.#rounds.stop();
    if (!this.#others) this.observers.hints.listener = undefined;
  }

  #hint(targets: Iterable<WatchTarget>): void {
    for (const target of targets) this.#groupOf(target).hint(target.key);
    this.#soon();
  }

  #hintChanged(targets: Iterable<WatchTarget>): void {
    const told = [...targets].filter(hasKeys);
    if (told.length > 0) this.#hint(told);
  }

  #pollAll(): void {
    for (const group of this.#groups) group.hintAll();
    this.#soon();
  }

  async #round(): Promise<void> {
    for (let turn = this.#nextTurn(); turn.length > 0; turn = this.#nextTurn()) {
      for (const [group, batch] of turn) if (!(await this.#poll(group, batch))) return this.#loseStale();
    }
  }

  /** One poll of each group that has something due. Hints of one group may come without end, so the groups take turns. */
  #nextTurn(): readonly (readonly [TargetGroup, readonly WatchTarget[]])[] {
    return this.#groups.map((group) => [group, group.next()] as const).filter(([, batch]) => batch.length > 0);
  }

  /** Returns whether the database has answered. */
  async #poll(group: TargetGroup, batch: readonly WatchTarget[]): Promise<boolean> {
    const at = performance.now();
    for (const target of batch) target.ask();
    let states: readonly RecordState[];
    try {
      const keys = batch.map(({ key }) => key);
      states = await this.observers.outages.watch('load', group.statesOf(keys, this.#timeoutAt(at)));
    } catch {
      return false;
    }
    const found = new Map<string | null, RecordState[]>(batch.map(({ key }) => [key, []]));
    for (const state of states) found.get(group.keyIn(state))?.push(state);
    // The others are watched no more.
    for (const target of batch) if (group.has(target)) target.answered(found.get(target.key)!, at);
    return true;
  }

  /**
   * The poll must fail before the grace of any target is over. If no poll has failed since a target's last answer, and its grace is over or
   * nearly over, the process was paused: the database is asked first.
   */
  #timeoutAt(at: number): number {
    const { grace } = this.options.feed;
    const pausedBefore = at - grace * LAST_ANSWER;
    const counted = this.#targets.filter(({ isUnanswered, waitingSince }) => waitingSince > (isUnanswered ? at - grace : pausedBefore));
    const left = counted.map(({ waitingSince }) => waitingSince + grace * LAST_FAILURE - at);
    return Math.max(1, Math.floor(left.reduce((least, ms) => Math.min(least, ms), grace / 2)));
  }

  /** The database does not answer. Ends the watches for which the next poll would come too late. */
  #loseStale(): void {
    const { grace, interval } = this.options.feed;
    const oldest = performance.now() + interval - grace;
    for (const group of this.#groups) group.giveUp();
    for (const target of this.#targets) {
      if (target.waitingSince < oldest) this.#lose(target);
      else target.isUnanswered = true;
    }
  }

  /** A watch that begins in `onEnd` gets a target of its own, with its own time. */
  #lose(target: WatchTarget): void {
    this.#groupOf(target).remove(target);
    target.close();
    target.lose();
  }

  /** Not at once, because `onEnd` may begin the next watch. */
  #loseLater(target: WatchTarget): void {
    setTimeout(() => this.#lose(target), LATE_END).unref();
  }

  #groupOf(target: WatchTarget): TargetGroup {
    return target instanceof UserTarget ? this.#users : this.#sessions;
  }

  get #groups(): readonly TargetGroup[] {
    return [this.#sessions, this.#users];
  }

  /** The targets of now. Callbacks may begin others. */
  get #targets(): readonly WatchTarget[] {
    return this.#groups.flatMap((group) => [...group.values()]);
  }
}

function hasKeys({ watches }: WatchTarget): boolean {
  for (const watch of watches) if (watch.hasKeys) return true;
  return false;
}
