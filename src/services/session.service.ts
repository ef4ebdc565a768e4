import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { SessionCodec } from '../codec/session.codec.js';
import { changedKeys, computeDelta } from '../merge/delta.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import type { Lifetime, StoredRecord, SessionSummary } from '../persistence/session.repository.js';
import {
  SessionGoneError,
  SessionLimitError,
  SessionLockLostError,
  SessionUnavailableError,
  SmartSessionConfigError,
} from '../smart-session.errors.js';
import { asError } from '../shared/thrown.js';
import { handleOf } from '../security/session-handle.js';
import type { UserId } from '../options/module-options.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { AppTransactions } from '../persistence/app-transactions.js';
import { COOKIE_KEY } from '../live/chosen-cookie.js';
import { CommitQueue } from '../commit/commit-queue.js';
import { Deadline } from '../batching/deadline.js';
import { exactLifetime, maxAgeOrNull, lifeOfPlain, lifetimeOf, outlives } from '../records/lifetime.js';
import { LiveSessions, type Snapshot, type TimeLeft } from '../live/live-sessions.js';
import { LoadBatcher } from '../batching/load-batcher.js';
import { MergeReport } from '../commit/merge-report.js';
import { SessionMigrator } from '../migration/session-migrator.js';
import { LARGE, Pace } from '../batching/pace.js';
import { RecordReader } from '../records/record-reader.js';
import { RetryingRepository } from '../batching/retrying-repository.js';
import type { HeldLease, LiveSession } from '../live/live-session.js';
import { SessionDestroyer } from '../ending/session-destroyer.js';
import { SessionHandover } from '../ending/session-handover.js';
import { isOtherGeneration } from '../records/commit-id.js';
import { SessionLimit } from '../ending/session-limit.js';
import { SessionObservers } from '../observers/session-observers.js';
import { TouchBatcher } from '../batching/touch-batcher.js';
import type { SessionRecord } from '../records/session-record.js';
import type { CommitOutcome, Edit } from '../commit/session-committer.js';
import { DraftEdit } from '../commit/draft-edit.js';
import type { HeldValues } from '../live/held-values.js';
import { isWhole, refuseBroken } from '../live/session-integrity.js';
import { UserIdWatch } from '../records/user-id-watch.js';
import { givenUserId, userIdIfKnown } from '../records/user-id.js';
import { DEFAULT_POLICY, refuseReadOnly, type SessionPolicy } from '../live/session-policy.js';

/** Whose sessions. */
export interface UserSessions {
  /** As the option `userId` finds it. A number or a bigint stands for its decimal text. */
  readonly userId: UserId;
}

/** A live session of a user, as it may be shown to that user. */
export interface UserSession {
  /** Names the session in `destroyOne`, and is no secret. */
  readonly handle: string;
  /** When it was stored first. */
  readonly createdAt: Date;
  /** When its values were written last. */
  readonly updatedAt: Date;
  /** When it ends, unless it is used before. */
  readonly expiresAt: Date;
  /** Whether it is the one that asks. */
  readonly isCurrent: boolean;
}

/** The values of a session, typed as the app has declared its `SessionData`; the cookie is not among them. */
export type SessionDraft = { [Key in keyof SessionData as Key extends 'cookie' ? never : Key]: SessionData[Key] };

/** How a session is regenerated. */
export interface RegenerateOptions {
  /** The keys whose values go over into the new session, or all. Default: none. */
  readonly keep?: 'all' | readonly (keyof SessionDraft)[];
}

/** So many expired records go in one transaction: its locks are held for a moment only. */
const PRUNE_BATCH = 1000;

/**
 * Loads and commits sessions. What the store, the interceptor and the middleware call, and what an
 * app injects to manage sessions.
 */
@Injectable()
export class SessionService {
  readonly #stores = new WeakSet<object>();
  readonly #userIds: UserIdWatch;
  readonly #pace = new Pace();

  /** @internal Nest calls it. */
  constructor(
    private readonly commits: CommitQueue,
    private readonly liveSessions: LiveSessions,
    private readonly merges: MergeReport,
    private readonly reader: RecordReader,
    private readonly codec: SessionCodec,
    private readonly loads: LoadBatcher,
    private readonly migrator: SessionMigrator,
    private readonly touches: TouchBatcher,
    private readonly handover: SessionHandover,
    private readonly destroyer: SessionDestroyer,
    private readonly limit: SessionLimit,
    private readonly repository: RetryingRepository,
    private readonly transactions: AppTransactions,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {
    this.#userIds = new UserIdWatch(codec, options);
  }

  /**
   * Loads a session.
   *
   * @returns its data, which knows its base; undefined when it is absent, expired or unreadable
   * @throws SessionUnavailableError, SessionDecryptionError
   */
  async load(sessionId: string): Promise<SessionData | undefined> {
    // cookie-parser makes objects of some cookies.
    if (!isSessionId(sessionId)) return undefined;
    this.transactions.refuse('load');
    const storageKey = this.codec.storageKeyOf(sessionId);
    const found = await this.#read(storageKey, sessionId);
    return found && this.liveSessions.open(storageKey, found.stored, found.time);
  }

  /** Takes the sessions of a store of express-session for its own. */
  serve(store: object): void {
    this.#stores.add(store);
  }

  /** Whether a request's session is one of this service. On excluded routes an app may have one of another store. */
  isServing({ sessionStore }: Request): boolean {
    return this.#stores.has(sessionStore);
  }

  /**
   * Gives loaded data the attributes that the cookie of its request has.
   *
   * @throws SmartSessionConfigError when the option `cookie` is a function that has returned no cookie
   */
  dress(request: Request, data: SessionData): void {
    this.liveSessions.dress(request, data);
  }

  /**
   * Hands the base of loaded data on to the live session that was made of it.
   *
   * @param previous the live session in whose place it comes
   */
  adopt(session: object, data: object, previous?: object): void {
    this.liveSessions.adopt(session, data, previous);
  }

  /** Puts the session of a request under policy; a session that takes its place, by `reload` or `regenerate`, is under them too. */
  setPolicy(session: object, policy: SessionPolicy): void {
    this.liveSessions.of(session).policy = policy;
  }

  /** Puts a session that has taken the place of another by `regenerate` under the policy of that one. */
  succeed(session: object, policy: SessionPolicy): void {
    this.setPolicy(session, policy);
    this.liveSessions.of(session).isRegenerated = true;
  }

  /** The policy of a session. */
  policyOf(session: object): SessionPolicy {
    return this.liveSessions.find(session)?.policy ?? DEFAULT_POLICY;
  }

  /**
   * Whether a commit would find anything to do.
   *
   * @param held what commits have stored while the response is held
   * @throws SessionNotSerializableError, SessionReadOnlyError
   */
  hasChanges(session: object, held?: HeldValues): boolean {
    const live = this.liveSessions.find(session);
    if (live) this.#noticeEnd(live);
    if (live?.abandoned || live?.state === 'gone') return false;
    if (live?.committing) return true;
    if (live?.isClosed) return false;
    if (this.isUntouched(session)) return false;
    refuseBroken(session);
    const now = this.liveSessions.snapshot(session, live);
    const edit = this.liveSessions.editOf(now, live);
    if (!edit || !held || edit.maxAge !== undefined || edit.trace.keys.includes(COOKIE_KEY)) return edit !== undefined;
    return !held.cover(
      session,
      edit.trace.keys,
      (key) => this.codec.encodeMember(key, session, now.values.get(key)) !== now.values.get(key),
    );
  }

  /** Whether nothing was changed since the session was loaded, for certain: cheaper than to ask for changes, which may turn out to be none. */
  isUntouched(session: object): boolean {
    const live = this.liveSessions.find(session);
    if (!isWhole(session)) return false;
    if (!live) return Object.keys(session).every((key) => key === 'cookie');
    return !live.abandoned && !live.committing && this.liveSessions.isUntouched(session, live);
  }

  /**
   * Whether nothing is left to commit; false also for what cannot be stored or is refused, so that `commit` says so.
   *
   * @param held what commits have stored while the response is held
   */
  isSettled(session: object, held?: HeldValues): boolean {
    try {
      return !this.hasChanges(session, held) && !this.failureOf(session);
    } catch {
      return false;
    }
  }

  /** The keys of changes that no commit has taken; none while a commit runs, and none of a session that has ended. */
  unsavedKeys(session: object): readonly string[] {
    return this.isUntouched(session) ? [] : this.liveSessions.unsavedKeys(session);
  }

  /** Whether the caller is inside a transaction of the app, on the connections that the sessions use too. */
  get isInTransaction(): boolean {
    return this.transactions.isOpen;
  }

  /**
   * Merges what the request changed into the current record. Nothing changed: no statement. The
   * record was destroyed meanwhile: the changes are dropped. Afterwards the live session shows what
   * others changed, but for keys that were changed here since the commit began.
   *
   * @param session the live session, `req.session`
   * @throws SessionReadOnlyError, SessionNotSerializableError, SessionTooLargeError, SessionMergeError, SessionConflictError,
   * SessionUnavailableError, SessionInTransactionError
   */
  async commit(session: object): Promise<void> {
    this.transactions.refuse('commit');
    this.#refuseClosed(session);
    await this.commitForResponse(session);
  }

  /**
   * Commits for a caller that no transaction of the app waits for, though its response may be sent inside of one.
   *
   * @param held is told what is stored while the response is held
   */
  async commitForResponse(session: object, held?: HeldValues): Promise<void> {
    const live = this.liveSessions.ofLive(session);
    await this.#inTurn(live, Promise.resolve(live.committing), async () => {
      if (live.abandoned) throw live.abandoned;
      this.#noticeEnd(live);
      if (isOver(session, live) || live.isClosed) return;
      refuseBroken(session);
      const now = this.liveSessions.snapshot(session, live);
      const edit = this.liveSessions.editOf(now, live);
      if (edit) held?.note(session, edit.trace.keys);
      if (edit) await this.#apply(session, live, now, edit);
    });
  }

  /**
   * Changes the current record by a function, in one step with its version check: a read-modify-write
   * that takes effect exactly once, on any key, with any number of processes. On a conflict the function
   * runs again, on the record as it is then, so it must do nothing but change its draft. What the request
   * changed before is committed along with it, and the draft shows it. The live session shows the outcome;
   * a value taken out of it before is not the session's any more.
   *
   * @param session the live session, or a session id where there is no request
   * @param change changes the draft; synchronous
   * @returns what the run returned whose draft was committed
   * @throws SessionGoneError when the session was destroyed, has expired or was never there, and what `commit` and the function throw
   * @example
   * const visits = await sessions.update(session, (draft) => (draft.visits = (draft.visits ?? 0) + 1));
   */
  async update<Result>(session: object | string, change: (draft: SessionDraft) => Result): Promise<Result> {
    this.transactions.refuse('update');
    const draft = new DraftEdit(this.codec, change as (draft: object) => Result);
    if (typeof session === 'string') await this.#updateStored(session, draft);
    else await this.#updateLive(session, draft);
    return draft.result;
  }

  /**
   * Shows express-session's hash what is known of a session's changes, and no values, until `endHash`.
   *
   * @param isHead whether the head is written, in which a session that is extended sends its cookie anew
   */
  beginHash(session: object, isHead: boolean): void {
    // A session without a base that holds nothing has no values to hide.
    const live = this.liveSessions.find(session) ?? (this.isUntouched(session) ? undefined : this.liveSessions.of(session));
    if (!live) return;
    live.isHashed = true;
    live.renewsCookie = isHead && live.maxAge !== null && (live.isExtended || this.#dueLifetime(live) !== undefined);
  }

  /** Shows everybody a session's values again. */
  endHash(session: object): void {
    const live = this.liveSessions.find(session);
    if (live) live.isHashed = false;
  }

  /**
   * Commits what a handler has changed under a lock that ends before the handler does. What it changes later is not
   * written.
   *
   * @throws what `commit` throws; then no later commit is allowed
   */
  async close(session: object, lease: HeldLease): Promise<void> {
    const live = this.liveSessions.ofLive(session);
    await this.#inTurn(live, Promise.resolve(live.committing), async () => {
      this.#noticeEnd(live);
      if (live.abandoned || isOver(session, live)) return;
      refuseBroken(session);
      const now = this.liveSessions.snapshot(session, live);
      const edit = this.liveSessions.editOf(now, live);
      lease.isClosed = true;
      if (edit) await this.#apply(session, live, now, edit);
    }).catch((error: unknown) => {
      this.abandon(session, asError(error));
      throw error;
    });
  }

  /** Whether a handler still changes a session whose lock has ended. */
  isClosed(session: object): boolean {
    return this.liveSessions.find(session)?.isClosed === true;
  }

  /** Gives the changes of a session up: what failed must not be tried again behind an answer that said so. */
  abandon(session: object, reason: Error): void {
    this.liveSessions.of(session).abandoned ??= reason;
  }

  /** Why the changes of a session were given up; undefined when they were not. */
  failureOf(session: object): Error | undefined {
    return this.liveSessions.find(session)?.abandoned;
  }

  /** Whether the session has ended: a commit has found it destroyed or expired, or this process has destroyed it. */
  isGone(session: object): boolean {
    const live = this.liveSessions.find(session);
    return live !== undefined && (live.state === 'gone' || this.#isEnded(live));
  }

  /** Whether the session has a record: it was loaded, or stored by a commit. */
  isStored(session: object): boolean {
    return this.liveSessions.find(session)?.state === 'stored';
  }

  /**
   * Whether the response of a request is to tell the browser that its session has ended, by this very request. True
   * for one response only.
   *
   * @param first the session that the request came with
   */
  claimEnd({ session, sessionID }: Partial<Request>, first: object): boolean {
    const { ended } = this.destroyer;
    if (ended.isEmpty) return false;
    const storageKey = session ? this.liveSessions.find(session)?.storageKey : isSessionId(sessionID) && this.codec.storageKeyOf(sessionID);
    if (!storageKey || (session && !this.isGone(session) && !ended.isPending(storageKey))) return false;
    return ended.claim(storageKey, this.liveSessions.find(first)?.isReplaced === true);
  }

  /**
   * Writes a whole session that is plain data, whatever is stored. It lives as long as its cookie says.
   *
   * @throws TypeError for an id or data that is none
   * @throws SessionNotSerializableError, SessionTooLargeError, SessionConflictError, SessionUnavailableError
   */
  async replace(sessionId: string, data: object): Promise<void> {
    this.transactions.refuse('commit');
    if (!isSessionId(sessionId)) throw new TypeError('A session id is a string that is not empty. Give the id of the session.');
    if (!isObject(data)) throw new TypeError("A session's data is an object. Give its values by key.");
    const storageKey = this.codec.storageKeyOf(sessionId);
    const values = this.codec.encodeValues(data);
    const { maxAge, left } = lifeOfPlain(data);
    if (this.migrator.isOn) await this.observers.outages.watch('commit', this.migrator.remove(sessionId, 'commit'));
    const lifetime = left === undefined ? {} : { lifetime: exactLifetime(left) };
    const write = () => this.#commit(storageKey, undefined, { apply: () => values, maxAge, isIdKnown: true, ...lifetime });
    if ((await write()).kind === 'committed') return;
    // What stands there cannot be read.
    await this.destroyer.destroy(storageKey, 'unreadable');
    await write();
  }

  /**
   * Shows a live session what is stored now, but for keys that were changed here.
   *
   * @returns false when the session is no longer there
   * @throws SessionUnavailableError
   */
  async refresh(session: object): Promise<boolean> {
    this.transactions.refuse('load');
    const live = this.liveSessions.ofLive(session);
    return this.#afterOthers(live, async () => {
      const found = await this.#read(live.storageKey);
      if (!found || isOtherGeneration(live.record?.commitId, found.stored.commitId)) return false;
      this.liveSessions.refresh(session, live, found.stored, found.time);
      return true;
    });
  }

  /**
   * Extends the session's expiry if it is due, at most once in `touchAfter`, unless its policy keep it. If the session outlives
   * what the options say by now, its expiry moves backwards. A
   * failure is logged: the session lives on for at least `touchAfter`.
   *
   * @returns undefined when nothing is due
   */
  touch(sessionId: string, session: object): Promise<void> | undefined {
    const live = this.liveSessions.find(session);
    const due = live ? this.#dueLifetime(live) : lifetimeOf(maxAgeOrNull(session), this.options, false);
    if (!due) return undefined;
    if (live) {
      live.expiresAt = performance.now() + due.ms;
      live.isExtended = true;
    }
    const storageKey = this.codec.storageKeyOf(sessionId);
    return this.#touch(storageKey, due);
  }

  /**
   * Moves the expiry of a stored session to where the cookie of plain data says that it ends; when it does not say, extends
   * it by `ttl`, at most once in `touchAfter`. A failure of the database is logged, as with `touch`.
   *
   * @throws SessionNotSerializableError
   */
  async extend(sessionId: string, data: unknown): Promise<void> {
    if (!isSessionId(sessionId)) return;
    const { left } = lifeOfPlain(data);
    const storageKey = this.codec.storageKeyOf(sessionId);
    const lifetime = left === undefined ? lifetimeOf(null, this.options, false) : exactLifetime(left);
    await this.#touch(storageKey, lifetime);
  }

  /** Whether a touch of a live session would find its expiry due. */
  isTouchDue(session: object): boolean {
    const live = this.liveSessions.find(session);
    return live !== undefined && this.#dueLifetime(live) !== undefined;
  }

  /**
   * Destroys a session. Requests in flight that have it loaded do not bring it back.
   *
   * @throws SessionUnavailableError
   */
  async destroy(sessionId: string): Promise<void> {
    if (!isSessionId(sessionId)) return;
    this.transactions.refuse('destroy');
    await this.destroyForResponse(sessionId);
  }

  /** Destroys for a caller that no transaction of the app waits for: see `commitForResponse`. */
  async destroyForResponse(sessionId: string): Promise<void> {
    await this.observers.outages.watch('destroy', this.#destroy(sessionId));
  }

  async #destroy(sessionId: string): Promise<void> {
    if (this.migrator.isOn) await this.migrator.remove(sessionId, 'destroy');
    await this.destroyer.destroy(this.codec.storageKeyOf(sessionId), 'logout');
  }

  /**
   * Destroys the request's session, for all processes at once, and gives the request another one under a new id: call
   * it at login. It is stored by the request's commit, as any new session. What other requests that still have the old
   * session change is dropped, and comes into no other.
   *
   * @param options what goes over
   * @param options.keep the keys whose values go over, or `'all'`: as they are stored when the old session ends, with
   * what this request has changed. Default: none
   * @throws SessionUnavailableError when the old session could not be destroyed: the request still has it, and there is no new one
   * @throws SessionGoneError, with `keep`, when the session has ended meanwhile: what was ended does not live on
   * @example
   * await sessions.regenerate(request, { keep: ['cart'] });
   * request.session.userId = user.id;
   */
  async regenerate(request: Request, { keep = [] }: RegenerateOptions = {}): Promise<void> {
    this.transactions.refuse('regenerate');
    const taken = keep === 'all' || keep.length > 0 ? await this.#handOver(request.session) : undefined;
    await new Promise<void>((resolve, reject) => {
      request.session.regenerate((error: unknown) => (error ? reject(error) : resolve()));
    });
    if (!taken) return;
    const isKept = ([key]: [string, unknown]) => keep === 'all' || (keep as readonly string[]).includes(key);
    Object.assign(request.session, Object.fromEntries(Object.entries(this.codec.decodeValues(taken)).filter(isKept)));
    this.liveSessions.of(request.session).taken = taken;
  }

  /**
   * Ends the request's session, before another takes its place.
   *
   * @throws SessionUnavailableError
   */
  async end({ session, sessionID }: Request): Promise<void> {
    this.transactions.refuse('regenerate');
    const live = this.liveSessions.find(session);
    if (live?.state === 'gone') return;
    const userId = live?.record && userIdIfKnown(live.record.values, this.options, this.codec);
    const wasStored = await this.observers.outages.watch(
      'destroy',
      this.destroyer.destroy(this.codec.storageKeyOf(sessionID), 'replaced', userId),
    );
    if (live) live.isReplaced = wasStored;
  }

  /**
   * The live sessions of a user, newest first, as they may be shown to that user. Needs the option `userId`.
   *
   * @param current the session id that `isCurrent` tells, such as the request's own
   * @throws SessionUserIdError for what is no user id
   */
  async list({ userId, current }: UserSessions & { readonly current?: string }): Promise<UserSession[]> {
    const own = current === undefined ? undefined : this.codec.storageKeyOf(current);
    return (await this.#listAll('list', userId)).map(({ storageKey, createdAt, updatedAt, expiresAt }) => {
      return { handle: handleOf(storageKey), createdAt, updatedAt, expiresAt, isCurrent: storageKey === own };
    });
  }

  /**
   * Destroys one of the sessions of a user. Needs the option `userId`.
   *
   * @param handle which, from `list`
   * @returns false when the user has no such session: it has ended, or it is somebody else's
   * @throws SessionUserIdError for what is no user id
   */
  async destroyOne({ userId, handle }: UserSessions & { readonly handle: string }): Promise<boolean> {
    const found = (await this.#listAll('destroyOne', userId)).find(({ storageKey }) => handleOf(storageKey) === handle);
    if (found) await this.observers.outages.watch('destroy', this.destroyer.destroy(found.storageKey, 'revoked', found.userId));
    return found !== undefined;
  }

  /**
   * Destroys the sessions of a user. Needs the option `userId`.
   *
   * @param except the session id to spare, such as the request's own
   * @returns how many were destroyed
   * @throws SessionUserIdError for what is no user id
   */
  async destroyAll({ userId, except }: UserSessions & { readonly except?: string }): Promise<number> {
    this.transactions.refuse('destroy');
    const user = this.#userGiven('destroyAll', userId);
    const spared = except === undefined ? undefined : this.codec.storageKeyOf(except);
    return this.observers.outages.watch('destroy', this.destroyer.destroyAll(user, spared));
  }

  /** How many sessions are live. */
  async count(): Promise<number> {
    this.transactions.refuse('count');
    return this.observers.outages.watch('count', this.repository.count());
  }

  /** Every live session, by storage key; without those that cannot be read. */
  async all(): Promise<Record<string, SessionData>> {
    this.transactions.refuse('load');
    const sessions: Record<string, SessionData> = {};
    for (const [storageKey, record] of await this.observers.outages.watch('load', this.repository.all())) {
      if (record.data.length > LARGE) await this.#pace.turn();
      const stored = this.#readIfPossible(storageKey, record);
      if (stored) sessions[storageKey] = this.liveSessions.inflate(stored, record.remaining);
    }
    return sessions;
  }

  /** Deletes every expired record, batch by batch. Returns how many. */
  async prune(): Promise<number> {
    this.transactions.refuse('prune');
    let pruned = 0;
    for (let last = PRUNE_BATCH; last === PRUNE_BATCH; pruned += last) {
      last = await this.observers.outages.watch('prune', this.#prune());
    }
    return pruned;
  }

  /** Deletes every session. */
  async clear(): Promise<void> {
    this.transactions.refuse('destroy');
    return this.observers.outages.watch('destroy', this.repository.clear());
  }

  /** A session that was destroyed before it was ever stored is gone. Of a stored one its next commit finds it out. */
  #noticeEnd(live: LiveSession): void {
    if (live.state === 'new' && this.#isEnded(live)) live.state = 'gone';
  }

  #isEnded({ storageKey, since, state }: LiveSession): boolean {
    const { ended } = this.destroyer;
    return !ended.isEmpty && ended.has(storageKey, since, state === 'new');
  }

  /** The request goes on: its session lives on for at least `touchAfter`. The log of outages tells of the failure. */
  #touch(storageKey: string, lifetime: Lifetime): Promise<void> {
    return this.observers.outages.watch('touch', this.touches.submit(storageKey, lifetime)).catch(() => undefined);
  }

  async #prune(): Promise<number> {
    const deleted = await this.repository.prune(PRUNE_BATCH);
    const { lifecycle } = this.observers;
    if (lifecycle) for (const session of deleted) lifecycle.expired(session);
    return deleted.length;
  }

  async #listAll(operation: string, userId: UserId): Promise<SessionSummary[]> {
    this.transactions.refuse('list');
    const user = this.#userGiven(operation, userId);
    return this.observers.outages.watch('list', this.repository.list(user));
  }

  /** Destroys the record of a live session, and returns its values. */
  #handOver(session: object): Promise<EncodedValues> {
    const live = this.liveSessions.ofLive(session);
    return this.#afterOthers(live, async () => {
      if (live.abandoned) throw live.abandoned;
      this.#noticeEnd(live);
      const { state } = live;
      const values = await this.observers.outages.watch('destroy', this.handover.take(session, live));
      live.isReplaced = state === 'stored';
      return values;
    });
  }

  #userGiven(operation: string, userId: UserId): string {
    if (this.options.userId !== undefined) return givenUserId(operation, userId);
    throw new SmartSessionConfigError(
      'userId',
      'nothing was given',
      'Say how to find the user in a session, to list or destroy sessions by user.',
    );
  }

  /** @throws SessionLockLostError for changes that a handler has made after its lock ended */
  #refuseClosed(session: object): void {
    const live = this.liveSessions.find(session);
    if (live?.isClosed && !live.committing && !this.isUntouched(session)) throw new SessionLockLostError(live.storageKey);
  }

  /** The lifetime that a session has from now; undefined when its expiry need not move. */
  #dueLifetime({ state, abandoned, policy, maxAge, longestUnused, expiresAt, endsAt }: LiveSession): Lifetime | undefined {
    if (state !== 'stored' || abandoned || policy.keepsExpiry) return undefined;
    const lifetime = lifetimeOf(maxAge, this.options, false, false, longestUnused);
    const latest = Math.min(performance.now() + lifetime.ms, endsAt);
    // A max age of zero or less has ended the session.
    if (lifetime.ms <= 0) return undefined;
    // A max age stays as it was stored: a handler may have chosen it.
    const isLimited = maxAge === null || longestUnused < Infinity;
    if (isLimited && outlives(expiresAt, latest, lifetime)) return { ...lifetime, explicit: true, maxAge };
    return expiresAt < latest - lifetime.slack ? { ...lifetime, maxAge } : undefined;
  }

  /** @param sessionId where the session may still be in the earlier store */
  #read(storageKey: string, sessionId?: string): Promise<{ stored: SessionRecord; time: TimeLeft } | undefined> {
    const { operations, outages } = this.observers;
    return outages.watch(
      'load',
      operations ? operations.load(() => this.#readNow(storageKey, sessionId)) : this.#readNow(storageKey, sessionId),
    );
  }

  async #readNow(storageKey: string, sessionId: string | undefined): Promise<{ stored: SessionRecord; time: TimeLeft } | undefined> {
    const isElsewhere = this.migrator.isOn && sessionId !== undefined;
    const record: StoredRecord | undefined = await (isElsewhere
      ? this.migrator.load(storageKey, sessionId)
      : this.loads.submit(storageKey));
    // Many requests may wait for one query.
    if (record && record.data.length > LARGE) await this.#pace.turn();
    const stored = record && this.reader.read(storageKey, record);
    return stored && { stored, time: record };
  }

  /** One record that cannot be opened shall not hide the others. */
  #readIfPossible(storageKey: string, record: StoredRecord): SessionRecord | undefined {
    try {
      return this.reader.read(storageKey, record);
    } catch {
      return undefined;
    }
  }

  async #updateLive(session: object, draft: DraftEdit<unknown>): Promise<void> {
    const live = this.liveSessions.ofLive(session);
    await this.#afterOthers(live, () => this.#applyDraft(session, live, draft));
  }

  async #applyDraft(session: object, live: LiveSession, draft: DraftEdit<unknown>): Promise<void> {
    if (live.abandoned) throw live.abandoned;
    this.#noticeEnd(live);
    if (isOver(session, live)) throw new SessionGoneError(live.storageKey, 'update');
    refuseBroken(session);
    const now = this.liveSessions.snapshot(session, live);
    const changed = this.liveSessions.editOf(now, live);
    const { leaseId, policy } = live;
    const apply = (current: EncodedValues) => {
      const values = draft.apply(changed ? changed.apply(current) : current);
      refuseReadOnly(policy, changedKeys(computeDelta(current, values)));
      return values;
    };
    const maxAge = live.state === 'new' ? { maxAge: now.maxAge } : {};
    const outcome = await this.#apply(session, live, now, {
      leaseId,
      keepsExpiry: policy.keepsExpiry,
      ...maxAge,
      ...changed,
      apply,
      mustSeeCurrent: true,
    });
    if (outcome.kind === 'gone') throw new SessionGoneError(live.storageKey, 'update');
  }

  async #updateStored(sessionId: string, draft: DraftEdit<unknown>): Promise<void> {
    const storageKey = this.codec.storageKeyOf(sessionId);
    const found = await this.#read(storageKey, sessionId);
    const outcome = found && (await this.#commit(storageKey, found.stored, { apply: draft.apply }));
    if (outcome?.kind !== 'committed') throw new SessionGoneError(storageKey, 'update');
  }

  /**
   * Runs work on a live session after what is under way on it. A commit that waited for another which failed
   * fails with it: its changes are among those that failed.
   */
  async #inTurn<Result>(live: LiveSession, previous: Promise<unknown>, work: () => Promise<Result>): Promise<Result> {
    const committing = previous.then(work);
    live.committing = committing;
    try {
      return await committing;
    } finally {
      if (live.committing === committing) live.committing = undefined;
    }
  }

  /** Runs work that stands for itself: what fails before it is no matter of its own, nor is its failure one of those that wait for it. */
  async #afterOthers<Result>(live: LiveSession, work: () => Promise<Result>): Promise<Result> {
    const previous = Promise.resolve(live.committing).catch(() => undefined);
    let failure: { readonly error: unknown } | undefined;
    const result = await this.#inTurn(live, previous, () => work().catch((error: unknown) => void (failure = { error })));
    if (failure) throw failure.error;
    return result as Result;
  }

  /** Commits an edit, and moves base and live session on. */
  async #apply(session: object, live: LiveSession, now: Snapshot, edit: Edit): Promise<CommitOutcome> {
    try {
      const outcome = await this.#commit(live.storageKey, live.record, edit);
      if (live.isRegenerated && outcome.kind === 'committed') this.#seeLogin(live, outcome.record);
      this.liveSessions.applyOutcome(session, live, now, outcome, edit.maxAge !== undefined);
      if (edit.trace && !edit.trace.isOnBase) this.merges.tell(live.storageKey, edit.trace, outcome);
      return outcome;
    } catch (error) {
      // The outcome may be unknown: a second try could overwrite what was committed since.
      if (error instanceof SessionUnavailableError) live.abandoned = error;
      if (error instanceof SessionLimitError) live.state = 'gone';
      throw error;
    }
  }

  #seeLogin(live: LiveSession, { values }: SessionRecord): void {
    live.isRegenerated = false;
    this.#userIds.see(values);
  }

  #commit(storageKey: string, base: SessionRecord | undefined, edit: Edit): Promise<CommitOutcome> {
    const { operations, outages } = this.observers;
    const commit = () => {
      const deadline = new Deadline('commit', this.options.timeout);
      return deadline.bound(this.commits.commit(storageKey, base, edit, deadline));
    };
    const committed = operations ? operations.commit(commit) : commit();
    return outages.watch(
      'commit',
      this.limit.isOn ? committed.then((outcome) => this.limit.admit(storageKey, base, outcome).then(() => outcome)) : committed,
    );
  }
}

function isSessionId(given: unknown): given is string {
  return typeof given === 'string' && given !== '';
}

function isObject(given: unknown): boolean {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

/** The record is gone, or there will be none: the request has another session now, or none, since this one was destroyed or regenerated before it was ever stored. */
function isOver(session: object, { state }: LiveSession): boolean {
  const { req } = session as { req?: { session?: unknown } };
  const isLetGo = req !== undefined && req.session !== session;
  return state === 'gone' || (state === 'new' && isLetGo);
}
