import type { EntityManager, IsolationLevel } from '@mikro-orm/core';
import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import type { Observable } from 'rxjs';
import { RetryingRepository } from '../batching/retrying-repository.js';
import { BoundSockets } from '../connections/bound-sockets.js';
import type { BindOptions, BoundSession, SessionSocket } from '../connections/session-socket.js';
import { whileLive } from '../connections/while-live.js';
import { SessionCodec } from '../codec/session.codec.js';
import { DraftEdit } from '../commit/draft-edit.js';
import { UserData, type UserExport } from '../devices/user-data.js';
import { UserDevices } from '../devices/user-devices.js';
import { SessionDestroyer } from '../ending/session-destroyer.js';
import type { WorkLease } from '../live/held-leases.js';
import { SessionFeed } from '../feed/session-feed.js';
import type { SessionWatch, WatchOptions } from '../feed/session-watch.js';
import { LiveSessions } from '../live/live-sessions.js';
import { SessionTransport } from '../http/session-transport.js';
import { flightName, lockName, missingLeases } from '../locking/lease-names.js';
import { limitsOf } from '../locking/lock-limits.js';
import { SessionFlights, type FlightPlan } from '../locking/session-flights.js';
import { SessionLocks } from '../locking/session-locks.js';
import { SessionObservers } from '../observers/session-observers.js';
import type { UserId } from '../options/module-options.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { AppTransactions } from '../persistence/app-transactions.js';
import type { SessionSummary } from '../persistence/session.repository.js';
import { FlightTargets } from '../protocol/flight-targets.js';
import { SessionProtocol } from '../protocol/session-protocol.js';
import { givenUserId } from '../records/user-id.js';
import { isSignedBy } from '../security/cookie-signature.js';
import { handleOf } from '../security/session-handle.js';
import { JoinedCommits } from '../transactions/joined-commits.js';
import { SessionTransactions, type TransactionPlan } from '../transactions/session-transactions.js';
import { SessionTransportError, SmartSessionConfigError } from '../smart-session.errors.js';

/** The user whose sessions are meant. */
export interface UserSessions {
  /** The id that the option `userId` finds. A number or a bigint means the same user as its decimal text. */
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
  /** When it ends, if no request uses it until then. */
  readonly expiresAt: Date;
  /** Whether it is the session `current` that was given to `list`. */
  readonly isCurrent: boolean;
  /** When a request has used it last, to within the option `touchAfter`. Null if the option `devices` is off. */
  readonly lastSeenAt: Date | null;
  /**
   * The header `User-Agent` of the login, at most 512 bytes. The client chooses it, so escape it in HTML. Null if it is unknown, as without
   * the option `devices`.
   */
  readonly userAgent: string | null;
  /** The IP address of the login, as the option `devices` stores it. Null if it is unknown. */
  readonly ipAddress: string | null;
  /** The name that `describe` of the option `devices` gives to the user agent. Null if there is none. */
  readonly deviceName: string | null;
  /** The label that `labelDevice` has set. Null for none. */
  readonly deviceLabel: string | null;
}

/** The values of a session, typed as the app has declared its `SessionData`; the cookie is not among them. */
export type SessionDraft = { [Key in keyof SessionData as Key extends 'cookie' ? never : Key]: SessionData[Key] };

/** How a session is regenerated. */
export interface RegenerateOptions {
  /** The keys whose values go over into the new session, or all. Default: none. */
  readonly keep?: 'all' | readonly (keyof SessionDraft)[];
}

/** How a piece of work is done once. */
export interface OnceOptions<Result> {
  /** Does the work, and changes the draft. It may be asynchronous. `lease.isHeld()` returns false if another process may work by now. */
  readonly work: (draft: SessionDraft, lease: WorkLease) => unknown;
  /** Returns true if nothing has to be done. It is called first, and again after waiting. Default: work that others have finished meanwhile is enough. */
  readonly isFresh?: (session: Readonly<SessionDraft>) => boolean | Promise<boolean>;
  /** Returns the result from the session that was committed. Default: nothing. */
  readonly select?: (session: Readonly<SessionDraft>) => Result;
  /** How long to wait for others, in ms. Default: 10 seconds. */
  readonly timeout?: number;
  /** How long the lease of a killed process stays, in ms. While `work` runs, it is extended. Default: 5 seconds. */
  readonly lease?: number;
  /** How many callers may wait in one process. Default: 100. */
  readonly maxWaiting?: number;
}

/** How a session is updated. */
export interface UpdateOptions {
  /** The entity manager whose transaction the update takes part in. Default: that of the transaction that the call is inside, if any. */
  readonly em?: EntityManager;
}

/** How a transaction with a session is run. */
export interface TransactionalOptions {
  /** How often it is run at most. Default: the option `maxAttempts`. */
  readonly maxAttempts?: number;
  /** The isolation level of the transaction. Default: the database's. */
  readonly isolationLevel?: IsolationLevel;
}

/** How long a lock in code is waited for, and held. */
export interface LockOptions {
  /** How long to wait for others, in ms. Default: 10 seconds. */
  readonly timeout?: number;
  /** How long the lock of a killed process stays, in ms. While the work runs, it is extended. Default: 5 seconds. */
  readonly lease?: number;
  /** How many callers may wait in one process. Default: 100. */
  readonly maxWaiting?: number;
}

/** The most expired records of one transaction, so that its locks are held only for a moment. */
const PRUNE_BATCH = 1000;

/** Loads, commits and manages sessions. Apps inject it. */
@Injectable()
export class SessionService {
  /** @internal Nest calls it. */
  constructor(
    private readonly protocol: SessionProtocol,
    private readonly liveSessions: LiveSessions,
    private readonly destroyer: SessionDestroyer,
    private readonly repository: RetryingRepository,
    private readonly codec: SessionCodec,
    private readonly transactions: AppTransactions,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
    private readonly flights: SessionFlights,
    private readonly targets: FlightTargets,
    private readonly locks: SessionLocks,
    private readonly joined: JoinedCommits,
    private readonly wholes: SessionTransactions,
    private readonly feed: SessionFeed,
    private readonly devices: UserDevices,
    private readonly userData: UserData,
    private readonly sockets: BoundSockets,
  ) {}

  /**
   * Finds the session id in a request that did not pass the middleware, such as the handshake of a WebSocket: in its cookie, or in the
   * header of the option `transport`. It loads nothing: the session may have ended.
   *
   * @returns undefined if there is no id, or none of the secrets has signed it
   * @throws SessionTransportError for a request with both
   */
  idOf(request: Pick<IncomingMessage, 'headers'>): string | undefined {
    const { secret } = this.options;
    const transport = new SessionTransport(this.options);
    transport.usesHeader(request);
    const value = transport.signedValue(request);
    if (value === undefined || !secret.some((one) => isSignedBy(one, value))) return undefined;
    return value.slice('s:'.length, value.lastIndexOf('.'));
  }

  /**
   * Loads a session.
   *
   * @returns its data, which can be committed; undefined if the session is absent, expired or unreadable
   * @throws SessionUnavailableError, SessionDecryptionError, SessionInTransactionError
   */
  load(sessionId: string): Promise<SessionData | undefined> {
    return this.protocol.loader.load(sessionId);
  }

  /**
   * Merges what the request has changed into the current record. If nothing has changed, it sends no statement. If the
   * record was destroyed meanwhile, the changes are dropped. Afterwards the live session shows what others have changed,
   * except for keys that this request has changed since the commit began.
   *
   * Inside a transaction of the app's MikroORM it takes part in it: see `update`.
   *
   * @param session the live session, `req.session`
   * @throws SessionReadOnlyError, SessionNotSerializableError, SessionTooLargeError, SessionMergeError, SessionConflictError,
   * SessionUnavailableError, SessionInTransactionError
   */
  async commit(session: object): Promise<void> {
    const transaction = this.transactions.find('commit');
    if (transaction) await this.joined.commit(session, transaction);
    else await this.protocol.committer.commit(session);
  }

  /**
   * Changes the current record by a function, in one step with the version check. The read-modify-write takes effect
   * exactly once, on any key, with any number of processes. On a conflict the function runs again on the newer record, so
   * it must only change its draft. Changes that the request has made before are in the draft, and are committed with it.
   * Afterwards the live session shows the outcome. An object that was read from it before is no longer part of it.
   *
   * @param session the live session, or a session id outside of a request
   * @param change changes the draft; must be synchronous
   * @param options `em`: takes part in the transaction of this entity manager. Inside `em.transactional()`, it is optional. Then
   * the row is locked until the transaction ends, the live session shows the outcome after COMMIT, and stays as it was on a rollback.
   * Nothing is retried, and the driver's errors are passed on, because only the app can run its transaction again
   * @returns what the function has returned in the run whose draft was committed
   * @throws SessionGoneError if the session was destroyed, has expired or never existed, and what `commit` and the function throw
   * @example
   * const visits = await sessions.update(session, (draft) => (draft.visits = (draft.visits ?? 0) + 1));
   */
  async update<Result>(session: object | string, change: (draft: SessionDraft) => Result, { em }: UpdateOptions = {}): Promise<Result> {
    const transaction = this.transactions.find('update', em);
    const draft = new DraftEdit(this.codec, change as (draft: object) => Result);
    if (transaction) await this.joined.update(session, draft, transaction);
    else if (typeof session === 'string') await this.protocol.stored.update(session, draft);
    else await this.protocol.committer.update(session, draft);
    return draft.result;
  }

  /**
   * Changes a session and rows of the app in one transaction of the app's MikroORM: both take effect, or neither does. The session's
   * row is locked until the transaction ends, so keep `work` short. If the database rolls the transaction back, `work` runs again. So
   * it must only change its draft and rows of its `em`. If the answer to COMMIT is lost, the session's record tells whether it took
   * effect. Changes that the request has made before are in the draft, and are committed with it. The live session shows the outcome
   * after COMMIT. If `work` throws, everything is rolled back, and the live session stays as it was.
   *
   * The sessions must use the app's own connection: without the options `connection` and `client`.
   *
   * @param session the live session, or a session id
   * @param work is given an entity manager of its own, and the draft. It may be asynchronous
   * @returns what `work` has returned in the run that was committed
   * @throws SessionGoneError if the session has ended
   * @throws SessionConflictError if the database has rolled back each of `maxAttempts` runs
   * @throws SessionLockedError if other transactions of this process hold the session for longer than the option `timeout`
   * @throws SessionUnavailableError if the database has failed, or the outcome stays unknown
   * @throws SessionInTransactionError inside a transaction of the app, SmartSessionConfigError, and what `work` throws
   * @example
   * await sessions.transactional(session, async (em, draft) => {
   *   if (!draft.cart?.length) return;
   *   em.persist(em.create(Order, { items: draft.cart }));
   *   draft.cart = [];
   * });
   */
  async transactional<Result, Em extends EntityManager = EntityManager>(
    session: object | string,
    work: (em: Em, draft: SessionDraft) => Result | Promise<Result>,
    { maxAttempts = this.options.maxAttempts, isolationLevel }: TransactionalOptions = {},
  ): Promise<Result> {
    if (!Number.isInteger(maxAttempts) || maxAttempts < 1)
      throw new SmartSessionConfigError('maxAttempts', `\`transactional\` was given ${maxAttempts}`, 'Give a whole number from 1.');
    const plan = { work: work as TransactionPlan<Result>['work'], maxAttempts, isolationLevel };
    return this.wholes.run(session, plan);
  }

  /**
   * Does a piece of work once for all requests of a session, across processes, such as the refresh of a token. The first caller of a
   * name runs `work`. Callers that come meanwhile wait, and then see in their session what it has committed. Callers of other names do
   * not wait. No database connection is held while `work` runs. Changes that the request has made before are in the draft, and are
   * committed with it.
   *
   * If `work` throws, its caller and those that wait in the same process get the error, and nothing is committed. A waiting
   * caller of another process then runs its own `work`. If the first process is killed, another caller runs its own `work` when the lease
   * ends. Without `isFresh`, each call that does not wait for another one runs `work`.
   *
   * @param session the live session, or a session id outside of a request
   * @param name the name of the work, not of a key: up to 250 characters
   * @returns what `select` returns of the committed session
   * @throws SessionLockedError if others take longer than `timeout`, or if `maxWaiting` callers wait already
   * @throws SessionLockLostError if the lease ended while `work` ran, because the process was paused. Nothing was committed
   * @throws SessionGoneError if the session has ended, and what `update` throws
   * @example
   * const tokens = await sessions.once(session, 'tokens', {
   *   isFresh: ({ tokens }) => !tokens || tokens.expiresAt > Date.now() + 30_000,
   *   work: async (draft) => { draft.tokens = await refresh(draft.tokens!); },
   *   select: ({ tokens }) => tokens,
   * });
   */
  async once<Result = undefined>(session: object | string, name: string, options: OnceOptions<Result>): Promise<Result> {
    const { isFresh, work, select, ...limits } = options;
    const plan = { isFresh, work, limits: limitsOf(limits, '`once`') } as FlightPlan;
    const lease = flightName(name);
    if (!this.repository.hasLeases) throw missingLeases('`once`');
    this.transactions.refuse('lock');
    const target = await this.targets.of(session);
    const values = await this.flights.once(target, lease, plan);
    return select?.(values as SessionDraft) as Result;
  }

  /**
   * Lets callers with the same session and name run their work one at a time, in all processes. Callers of other names do not wait, nor do
   * requests that do not ask for the lock. When the work begins, the session shows what is stored. The changes of the work are
   * committed when it ends, also if it throws. No database connection is held meanwhile. A session that is not stored yet has no
   * other callers, and is not locked.
   *
   * Inside the work, the same lock may be asked for again: that work runs at once. Take several locks always in the same order. If two
   * callers take them in different orders, they wait for each other until `timeout`.
   *
   * @param session the live session, or a session id outside of a request
   * @param name the name of the lock: up to 250 characters. `@LockSession({ name })` takes the same lock
   * @param work is given the live session, and may be asynchronous. `lease.isHeld()` returns false if another process may have the lock
   * @returns what `work` returns
   * @throws SessionLockedError if others hold the lock for longer than `timeout`, or if `maxWaiting` callers wait already
   * @throws SessionLockLostError from a commit, if the lock ended while `work` ran, because the process was paused. Nothing was
   * committed, and the request cannot commit any more
   * @throws SessionGoneError if the session has ended before `work` runs, and what `commit` and `work` throw
   * @example
   * await sessions.lock(session, 'checkout', async ({ cart }) => { … });
   */
  async lock<Result>(
    session: object | string,
    name: string,
    work: (session: SessionData, lease: WorkLease) => Result | Promise<Result>,
    options: LockOptions = {},
  ): Promise<Result> {
    const limits = limitsOf(options, '`lock`');
    return this.locks.run(session, lockName(name, '`lock`'), limits, work as Parameters<SessionLocks['run']>[3]) as Promise<Result>;
  }

  /**
   * Destroys the request's session for all processes, and gives the request a new one under a new id. Call it at login.
   * The request's commit stores the new session. If other requests still change the old session, those changes are dropped.
   *
   * @param options what is carried over
   * @param options.keep the keys whose values are carried over, or `'all'`: the values that are stored when the old session
   * ends, with the changes of this request. Default: none
   * @throws SessionUnavailableError if the old session could not be destroyed: the request still has it, and there is no new one
   * @throws SessionGoneError, with `keep`, if the session has ended meanwhile: its values are not carried over
   * @example
   * await sessions.regenerate(request, { keep: ['cart'] });
   * request.session.userId = user.id;
   */
  async regenerate(request: Pick<Request, 'session'>, { keep = [] }: RegenerateOptions = {}): Promise<void> {
    this.transactions.refuse('regenerate');
    const carried = keep === 'all' || keep.length > 0 ? await this.protocol.committer.endAndTakeValues(request.session) : undefined;
    await new Promise<void>((resolve, reject) => {
      request.session.regenerate((error: unknown) => (error ? reject(error) : resolve()));
    });
    if (!carried) return;
    const isKept = ([key]: [string, unknown]) => keep === 'all' || (keep as readonly string[]).includes(key);
    Object.assign(request.session, Object.fromEntries(Object.entries(this.codec.decodeValues(carried)).filter(isKept)));
    this.liveSessions.of(request.session).carried = carried;
  }

  /**
   * Destroys a session. Requests in flight that have it loaded do not bring it back.
   *
   * @throws SessionUnavailableError, SessionInTransactionError
   */
  destroy(sessionId: string): Promise<void> {
    return this.protocol.stored.destroy(sessionId);
  }

  /**
   * The live sessions of a user, newest first, as they may be shown to that user. Needs the option `userId`.
   *
   * @param current the session id for which `isCurrent` is true, such as the request's own
   * @throws SessionUserIdError if `userId` is not a user id
   */
  async list({ userId, current }: UserSessions & { readonly current?: string }): Promise<UserSession[]> {
    const own = current === undefined ? undefined : this.codec.storageKeyOf(current);
    this.transactions.refuse('list');
    const user = this.#userGiven('list', userId);
    const listed = await this.observers.outages.watch('list', this.devices.list(user));
    return listed.map(({ storageKey, createdAt, updatedAt, expiresAt, lastSeenAt, userAgent, ipAddress, deviceName, deviceLabel }) => {
      const [handle, isCurrent] = [handleOf(storageKey), storageKey === own];
      return { handle, createdAt, updatedAt, expiresAt, isCurrent, lastSeenAt, userAgent, ipAddress, deviceName, deviceLabel };
    });
  }

  /**
   * Gives one of the sessions of a user a label, such as "My phone", which `list` returns. Needs the options `userId` and `devices`. A
   * later login on the same device has a new session, without the label.
   *
   * @param handle the handle of the session, from `list`. The label has 1 to 100 characters; null removes it
   * @returns false if the user has no such session: it has ended, or belongs to another user
   * @throws SessionDeviceLabelError if `label` is no label, answered with 400
   * @throws SessionUserIdError if `userId` is not a user id
   * @throws SessionUnavailableError, SmartSessionConfigError
   * @example
   * await sessions.labelDevice({ userId: session.user, handle, label: 'My phone' });
   */
  async labelDevice({
    userId,
    handle,
    label,
  }: UserSessions & { readonly handle: string; readonly label: string | null }): Promise<boolean> {
    const checked = this.devices.checkedLabel(label);
    const found = await this.#find('labelDevice', userId, handle);
    return found !== undefined && this.observers.outages.watch('commit', this.devices.label(found.storageKey, found.userId!, checked));
  }

  /**
   * Destroys one of the sessions of a user. Needs the option `userId`.
   *
   * @param handle the handle of the session, from `list`
   * @returns false if the user has no such session: it has ended, or belongs to another user
   * @throws SessionUserIdError if `userId` is not a user id
   */
  async destroyOne({ userId, handle }: UserSessions & { readonly handle: string }): Promise<boolean> {
    const found = await this.#find('destroyOne', userId, handle);
    if (found) await this.observers.outages.watch('destroy', this.destroyer.destroy(found.storageKey, 'revoked', found.userId));
    return found !== undefined;
  }

  /**
   * Destroys the sessions of a user. Needs the option `userId`.
   *
   * @param except the id of a session to keep, such as the request's own
   * @returns how many were destroyed
   * @throws SessionUserIdError if `userId` is not a user id
   */
  async destroyAll({ userId, except }: UserSessions & { readonly except?: string }): Promise<number> {
    this.transactions.refuse('destroy');
    const user = this.#userGiven('destroyAll', userId);
    const spared = except === undefined ? undefined : this.codec.storageKeyOf(except);
    return this.observers.outages.watch('destroy', this.destroyer.destroyAll(user, spared));
  }

  /**
   * Tells a long-lived connection, such as a WebSocket, when its session ends or changes, in whichever process that happens. A watch
   * does not extend its session: the app does that by requests.
   *
   * The watch fails closed: if the database does not answer for `feed.grace`, it ends with the reason `unknown`.
   *
   * @param target the live session, a session id, or the user whose sessions are watched, those of later logins too. A new session is
   * watched from its first save on. If the session has ended already, `onEnd` is called at once
   * @returns the watch. Call its `stop` when the connection is closed
   * @throws SessionWatchLimitError if this process has `feed.maxWatches` watches: close the connection
   * @throws SessionUserIdError if `userId` is not a user id, SmartSessionConfigError without the option `userId`, and TypeError
   * @example
   * const watch = sessions.watch(sessionId, { onEnd: ({ reason }) => client.close(4401, reason) });
   * client.on('close', () => watch.stop());
   */
  watch(target: object | string | UserSessions, options: WatchOptions): SessionWatch {
    if (typeof options?.onEnd !== 'function')
      throw new TypeError('`watch` needs the function `onEnd`, which closes the connection. Give `{ onEnd }`.');
    if (options.onChange !== undefined && typeof options.onChange !== 'function')
      throw new TypeError('`onChange` of `watch` is no function. Give a function, or leave it out.');
    if (options.keys !== undefined && !Array.isArray(options.keys))
      throw new TypeError("`keys` of `watch` is no array. Give the names of keys, such as `['cart']`.");
    if (typeof target === 'string') return this.#watchById(target, options);
    if (isUserGiven(target, this.liveSessions)) return this.feed.watchUser(this.#userGiven('watch', target.userId), options);
    return this.feed.watchLive(this.liveSessions.ofLive(target), options);
  }

  #watchById(sessionId: string, options: WatchOptions): SessionWatch {
    if (sessionId === '') throw new TypeError('`watch` was given an empty session id. Refuse a connection without a session.');
    return this.feed.watchById(this.codec.storageKeyOf(sessionId), sessionId, options);
  }

  /**
   * Returns everything that is stored about a user, as a plain JSON value: the values of each session, its times and its device. Also
   * sessions that have expired and were not pruned yet. Needs the option `userId`.
   *
   * The values may contain secrets, such as tokens of other services. Remove what the user must not get.
   *
   * @throws SessionUserIdError if `userId` is not a user id
   * @throws SessionUnavailableError, SessionInTransactionError, SmartSessionConfigError
   */
  async exportUser(userId: UserId): Promise<UserExport> {
    this.transactions.refuse('list');
    const user = this.#userGiven('exportUser', userId);
    return this.observers.outages.watch('list', this.userData.export(user));
  }

  /**
   * Erases everything that is stored about a user: destroys the live sessions, and deletes the sessions that have expired and were not
   * pruned yet. Requests in flight that have loaded a session do not bring it back. Needs the option `userId`.
   *
   * A login that is stored afterwards makes a new session. So lock the user's account first.
   *
   * @returns how many sessions were erased
   * @throws SessionUserIdError if `userId` is not a user id
   * @throws SessionUnavailableError if it may be incomplete: call it again
   * @throws SessionInTransactionError, SmartSessionConfigError
   */
  async eraseUser(userId: UserId): Promise<number> {
    this.transactions.refuse('destroy');
    const user = this.#userGiven('eraseUser', userId);
    return this.observers.outages.watch('destroy', this.userData.erase(user));
  }

  /**
   * Closes a socket when the session that it was opened with ends, in whichever process that happens. If the handshake has no session, or
   * it has ended already, the socket is closed too. A socket of `ws` is closed with a code and a reason. A socket of socket.io is sent the
   * event `session-end` with the reason, and is then disconnected. The watch stops when the socket closes. A socket that is bound to this
   * session already keeps its watch.
   *
   * Call it in `handleConnection`, before anything is awaited. It throws nothing that a client could cause. If this process has
   * `feed.maxWatches` watches, the socket is closed with the reason `unknown`, and a warning is logged.
   *
   * @param socket of `ws` or socket.io
   * @param opened the request of the handshake, or a session id
   * @param options `onChange` is told which keys have changed
   * @returns the session and its watch; undefined if the socket was closed
   * @throws TypeError if it is another socket
   * @example
   * handleConnection(socket: WebSocket, handshake: IncomingMessage) {
   *   this.sessions.bind(socket, handshake);
   * }
   */
  bind(
    socket: SessionSocket,
    opened: Pick<IncomingMessage, 'headers'> | string | undefined,
    options: BindOptions = {},
  ): BoundSession | undefined {
    const sessionId = typeof opened === 'object' ? this.#idOfHandshake(opened) : opened;
    return this.sockets.bind(socket, sessionId, options, (id, watched) => this.watch(id, watched));
  }

  /**
   * Finds the session that `bind` has bound to a socket, in the handler of a message.
   *
   * @returns undefined if the socket was refused. After the session has ended, its id is still returned, and `update` throws a
   * `SessionGoneError`
   */
  boundTo(socket: SessionSocket): BoundSession | undefined {
    return this.sockets.find(socket);
  }

  /**
   * Passes on the values of a stream until the session ends, and then completes it: an observable of `@Sse()`, or an async iterable, such
   * as a subscription of GraphQL or the source of a `for await` loop. If it is unknown whether the session is live, the stream completes
   * too. The watch begins with the first subscriber, and stops when the reader leaves.
   *
   * The stream fails with a SessionWatchLimitError if this process has `feed.maxWatches` watches.
   *
   * @param session the live session, or a session id
   * @example
   * @Sse('prices')
   * prices(@Session() session: SessionData) {
   *   return this.sessions.whileLive(session, this.prices.changes());
   * }
   */
  whileLive<Value>(session: object | string, source: Observable<Value>): Observable<Value>;
  whileLive<Value>(session: object | string, source: AsyncIterable<Value>): AsyncIterableIterator<Value>;
  whileLive<Value>(session: object | string, source: Observable<Value> | AsyncIterable<Value>): unknown {
    return whileLive(source, (options) => this.watch(session, options));
  }

  /** A client that sends two session ids has none. */
  #idOfHandshake(handshake: Pick<IncomingMessage, 'headers'>): string | undefined {
    try {
      return this.idOf(handshake);
    } catch (error) {
      if (error instanceof SessionTransportError) return undefined;
      throw error;
    }
  }

  /** How many sessions are live. */
  async count(): Promise<number> {
    this.transactions.refuse('count');
    return this.observers.outages.watch('count', this.repository.count());
  }

  /** Every live session, by storage key; without those that cannot be read. */
  all(): Promise<Record<string, SessionData>> {
    return this.protocol.loader.all();
  }

  /** Deletes every expired record, in batches, and the leases that ended. Returns how many records. */
  async prune(): Promise<number> {
    this.transactions.refuse('prune');
    const pruned = await this.observers.pruneRuns.watch(() => this.#pruneRecords());
    // The app's user may have no rights on the table of leases. An app without `once` needs none.
    if (this.repository.hasLeases) await this.repository.onLeases((leases) => leases.prune()).catch(() => undefined);
    return pruned;
  }

  async #pruneRecords(): Promise<number> {
    let pruned = 0;
    for (let last = PRUNE_BATCH; last === PRUNE_BATCH; pruned += last) {
      last = await this.observers.outages.watch('prune', this.destroyer.prune(PRUNE_BATCH));
    }
    return pruned;
  }

  /** Deletes every session. */
  async clear(): Promise<void> {
    this.transactions.refuse('destroy');
    await this.observers.outages.watch('destroy', this.repository.clear());
    this.observers.hints.listener?.cleared();
  }

  async #find(operation: string, userId: UserId, handle: string): Promise<SessionSummary | undefined> {
    this.transactions.refuse('list');
    const user = this.#userGiven(operation, userId);
    const listed = await this.observers.outages.watch('list', this.repository.list(user));
    return listed.find(({ storageKey }) => handleOf(storageKey) === handle);
  }

  #userGiven(operation: string, userId: UserId): string {
    if (this.options.userId !== undefined) return givenUserId(operation, userId);
    throw new SmartSessionConfigError(
      'userId',
      'nothing was given',
      'Say how to find the user in a session, to list or destroy sessions by user.',
    );
  }
}

/** Whether a target is a user. A live session may have a key `userId` too. */
function isUserGiven(target: object, sessions: LiveSessions): target is UserSessions {
  return 'userId' in target && !sessions.find(target) && !('cookie' in target);
}
