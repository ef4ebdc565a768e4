import { Injectable, Logger } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { decodeValue, decodeValues, encodeValue, encodeValues, joinValues, type SessionValues } from '../codec/session.codec.js';
import { isReservedName } from '../codec/reserved-names.js';
import { storageKeyOf } from '../codec/storage-key.js';
import { applyDelta, computeDelta, isEmptyDelta, type EncodedValues } from '../merge/delta.js';
import { SessionRepository, type SessionSummary } from '../persistence/session.repository.js';
import { SessionUnavailableError, SmartSessionConfigError, abbreviate } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../smart-session.options.js';
import { backOff, withDeadline } from './deadline.js';
import { isOtherMaxAge, lifetimeOf, maxAgeOf } from './lifetime.js';
import { SessionBaseline } from './session-baseline.js';
import { SessionCommitter, readValues, type Edit, type StoredValues } from './session-committer.js';

/** Whose sessions. */
export interface UserSessions {
  readonly userId: string | number;
}

/** What a session without a base stands on. */
const UNSTORED = new SessionBaseline('');

/** So many expired records go in one transaction: its locks are held for a moment only. */
const PRUNE_BATCH = 1000;

/** Statements that can be sent again without harm are, this often. */
const IDEMPOTENT_ATTEMPTS = 3;

/**
 * Loads and commits sessions. What the store, the interceptor and the middleware call, and what an
 * app injects to manage sessions.
 */
@Injectable()
export class SessionService {
  readonly #baselines = new WeakMap<object, SessionBaseline>();
  /** First saves under way, by storage key: a destroy waits for them. */
  readonly #inserting = new Map<string, Promise<unknown>>();
  readonly #logger = new Logger('SmartSession');

  constructor(
    private readonly repository: SessionRepository,
    private readonly committer: SessionCommitter,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Loads a session.
   *
   * @returns its data, which knows its base; undefined when it is absent, expired or unreadable
   * @throws SessionUnavailableError
   */
  async load(sessionId: string): Promise<SessionData | undefined> {
    const storageKey = storageKeyOf(sessionId);
    const record = await this.#ask('load', () => this.repository.load(storageKey));
    const values = record && readValues(this.#logger, storageKey, record.data);
    if (!values) return undefined;
    const data = this.#inflate(values, record.maxAge, record.remaining);
    const baseline = new SessionBaseline(storageKey);
    moveBase(baseline, { ...record, values });
    baseline.expiresAt = performance.now() + record.remaining;
    this.#baselines.set(data, baseline);
    return data;
  }

  /** Hands the base of loaded data on to the live session that was made of it. */
  adopt(session: object, data: object): void {
    const baseline = this.#baselines.get(data);
    if (baseline) this.#baselines.set(session, baseline);
  }

  /**
   * Whether a commit would find anything to do.
   *
   * @throws SessionNotSerializableError
   */
  hasChanges(session: object): boolean {
    const baseline = this.#baselines.get(session);
    if (baseline?.abandoned || baseline?.state === 'gone') return false;
    if (baseline?.committing) return true;
    return this.#editOf(session, baseline ?? UNSTORED, encodeValues(session)) !== undefined;
  }

  /** Whether nothing is left to commit; false also for what cannot be stored, so that `commit` says so. */
  isSettled(session: object): boolean {
    try {
      return !this.hasChanges(session) && !this.failureOf(session);
    } catch {
      return false;
    }
  }

  /**
   * Merges what the request changed into the current record. Nothing changed: no statement. The
   * record was destroyed meanwhile: the changes are dropped. Afterwards the live session shows what
   * others changed, but for keys that were changed here since the commit began.
   *
   * @param session the live session, `req.session`
   * @throws SessionNotSerializableError, SessionTooLargeError, SessionConflictError, SessionUnavailableError
   */
  async commit(session: object): Promise<void> {
    if (!this.#baselines.has(session) && typeof (session as { id?: unknown }).id !== 'string') {
      throw new TypeError('A session to commit must be the live session of express-session; set keys on `req.session` rather than put an object in its place.');
    }
    const baseline = this.#baselineOf(session);
    const previous = baseline.committing;
    // One that waited for a commit which failed fails with it: its changes are among those that failed.
    const committing = (previous ?? Promise.resolve()).then(() => this.#commitNow(session, baseline));
    baseline.committing = committing;
    try {
      await committing;
    } finally {
      if (baseline.committing === committing) baseline.committing = undefined;
    }
  }

  /** Gives the changes of a session up: what failed must not be tried again behind an answer that said so. */
  abandon(session: object, reason: Error): void {
    this.#baselineOf(session).abandoned ??= reason;
  }

  /** Why the changes of a session were given up; undefined when they were not. */
  failureOf(session: object): Error | undefined {
    return this.#baselines.get(session)?.abandoned;
  }

  /**
   * Writes a whole session, whatever is stored.
   *
   * @throws SessionNotSerializableError, SessionTooLargeError, SessionConflictError, SessionUnavailableError
   */
  async replace(sessionId: string, data: object): Promise<void> {
    const values = encodeValues(data);
    const edit: Edit = { apply: () => values, maxAge: maxAgeOf(data) };
    await withDeadline('commit', this.options.timeout, (signal) => this.committer.commit(storageKeyOf(sessionId), undefined, edit, signal));
  }

  /**
   * Extends the session's expiry if it is due, at most once in `touchAfter`. A failure is logged:
   * the session lives on for at least `touchAfter`.
   *
   * @returns undefined when nothing is due
   */
  touch(sessionId: string, session: object): Promise<void> | undefined {
    const baseline = this.#baselines.get(session);
    if (baseline && (baseline.state !== 'stored' || baseline.abandoned)) return undefined;
    const lifetime = lifetimeOf(baseline ? baseline.maxAge : maxAgeOf(session), this.options, false);
    const now = performance.now();
    if (baseline && baseline.expiresAt - now >= lifetime.ms - lifetime.slack) return undefined;
    if (baseline) baseline.expiresAt = now + lifetime.ms;
    const storageKey = storageKeyOf(sessionId);
    return this.#ask('touch', () => this.repository.touch(storageKey, lifetime)).catch((error: unknown) => {
      this.#logger.warn(`Record ${abbreviate(storageKey)} was not touched: ${String(error)}`);
    });
  }

  /**
   * Destroys a session. Requests in flight that have it loaded do not bring it back.
   *
   * @throws SessionUnavailableError
   */
  async destroy(sessionId: string): Promise<void> {
    const storageKey = storageKeyOf(sessionId);
    await withDeadline('destroy', this.options.timeout, async (signal) => {
      await this.#inserting.get(storageKey)?.catch(() => undefined);
      await this.#askAgain('destroy', signal, () => this.repository.destroy(storageKey));
    });
  }

  /** Destroys the request's session and gives the request an empty one under a new id. */
  regenerate(request: Request): Promise<void> {
    return new Promise((resolve, reject) => {
      request.session.regenerate((error: unknown) => (error ? reject(error) : resolve()));
    });
  }

  /** The live sessions of a user, newest first. Needs the option `userId`. */
  async list({ userId }: UserSessions): Promise<SessionSummary[]> {
    this.#requireUserId();
    return this.#ask('list', () => this.repository.list(String(userId)));
  }

  /**
   * Destroys the sessions of a user. Needs the option `userId`.
   *
   * @param except the session id to spare, such as the request's own
   * @returns how many were destroyed
   */
  async destroyAll({ userId, except }: UserSessions & { readonly except?: string }): Promise<number> {
    this.#requireUserId();
    const spared = except === undefined ? undefined : storageKeyOf(except);
    return this.#ask('destroy', () => this.repository.destroyAll(String(userId), spared));
  }

  /** How many sessions are live. */
  count(): Promise<number> {
    return this.#ask('count', () => this.repository.count());
  }

  /** Every live session, by storage key; without those that cannot be read. */
  async all(): Promise<Record<string, SessionData>> {
    const sessions: Record<string, SessionData> = {};
    for (const [storageKey, record] of await this.#ask('load', () => this.repository.all())) {
      const values = readValues(this.#logger, storageKey, record.data);
      if (values) sessions[storageKey] = this.#inflate(values, record.maxAge, record.remaining);
    }
    return sessions;
  }

  /** Deletes every expired record, batch by batch. Returns how many. */
  async prune(): Promise<number> {
    let pruned = 0;
    for (let last = PRUNE_BATCH; last === PRUNE_BATCH; pruned += last) {
      last = await this.#ask('prune', () => this.repository.prune(PRUNE_BATCH));
    }
    return pruned;
  }

  /** Deletes every session. */
  clear(): Promise<void> {
    return this.#ask('destroy', () => this.repository.clear());
  }

  #requireUserId(): void {
    if (this.options.userId !== undefined) return;
    throw new SmartSessionConfigError('userId', 'nothing was given', 'Say how to find the user in a session, to list or destroy sessions by user.');
  }

  #baselineOf(session: object): SessionBaseline {
    let baseline = this.#baselines.get(session);
    if (!baseline) {
      baseline = new SessionBaseline(storageKeyOf(String((session as { id?: string }).id)));
      this.#baselines.set(session, baseline);
    }
    return baseline;
  }

  async #commitNow(session: object, baseline: SessionBaseline): Promise<void> {
    if (baseline.abandoned) throw baseline.abandoned;
    if (baseline.state === 'gone' || (baseline.state === 'new' && isLetGo(session))) return;
    const mine = encodeValues(session);
    const edit = this.#editOf(session, baseline, mine);
    if (!edit) return;
    const base = baseline.state === 'new' ? undefined : baseline;
    const commit = (signal: AbortSignal) => {
      const work = this.committer.commit(baseline.storageKey, base, edit, signal);
      if (!base) this.#rememberInsert(baseline.storageKey, work);
      return work;
    };
    try {
      const outcome = await withDeadline('commit', this.options.timeout, commit);
      if (outcome.kind === 'gone') this.#drop(baseline);
      else this.#advance(session, baseline, mine, outcome.record, edit.maxAge !== undefined);
    } catch (error) {
      // The outcome may be unknown: a second try could overwrite what was committed since.
      if (error instanceof SessionUnavailableError) baseline.abandoned = error;
      throw error;
    }
  }

  /** What the request changed; undefined when that is nothing. A new session that holds nothing is not stored. */
  #editOf(session: object, baseline: SessionBaseline, mine: EncodedValues): Edit | undefined {
    const maxAge = maxAgeOf(session);
    const isMaxAgeChosen = baseline.state === 'stored' && isOtherMaxAge(maxAge, baseline.maxAge);
    if (!isMaxAgeChosen && joinValues(mine) === baseline.data) return undefined;
    const delta = computeDelta(baseline.values, mine, (key) => !isReservedName(key));
    if (!isMaxAgeChosen && isEmptyDelta(delta)) return undefined;
    const apply = (current: EncodedValues) => applyDelta(current, delta);
    return isMaxAgeChosen || baseline.state === 'new' ? { apply, maxAge } : { apply };
  }

  #rememberInsert(storageKey: string, work: Promise<unknown>): void {
    const forget = () => {
      if (this.#inserting.get(storageKey) === work) this.#inserting.delete(storageKey);
    };
    this.#inserting.set(storageKey, work);
    work.then(forget, forget);
  }

  #drop(baseline: SessionBaseline): void {
    baseline.state = 'gone';
    this.#logger.debug(`Record ${abbreviate(baseline.storageKey)} was destroyed while a request ran; the request's changes are dropped.`);
  }

  /** Moves base and live session on together. */
  #advance(session: object, baseline: SessionBaseline, mine: EncodedValues, record: StoredValues, isMaxAgeChosen: boolean): void {
    const lifetime = lifetimeOf(record.maxAge, this.options, isMaxAgeChosen);
    const now = performance.now();
    if (isMaxAgeChosen || baseline.expiresAt - now < lifetime.ms - lifetime.slack) baseline.expiresAt = now + lifetime.ms;
    const isCookieUnchanged = !isOtherMaxAge(maxAgeOf(session), baseline.maxAge);
    if (baseline.state === 'stored' && isCookieUnchanged && isOtherMaxAge(record.maxAge, baseline.maxAge)) showMaxAge(session, record.maxAge);
    moveBase(baseline, record);
    for (const key of new Set([...mine.keys(), ...record.values.keys()])) {
      const theirs = record.values.get(key);
      if (theirs !== mine.get(key) && !isReservedName(key) && isUnchangedSince(session, key, mine.get(key))) showValue(session, key, theirs);
    }
  }

  #inflate(values: EncodedValues, maxAge: number | null, remaining: number): SessionData {
    const expires = maxAge === null ? null : new Date(Date.now() + remaining);
    const cookie = { ...this.options.cookie, originalMaxAge: maxAge, expires };
    delete (cookie as { maxAge?: unknown }).maxAge;
    return { ...decodeValues(values), cookie } as unknown as SessionData;
  }

  /** Asks the repository for what can be asked again without harm. */
  async #ask<Result>(operation: string, ask: () => Promise<Result>): Promise<Result> {
    return withDeadline(operation, this.options.timeout, (signal) => this.#askAgain(operation, signal, ask));
  }

  async #askAgain<Result>(operation: string, signal: AbortSignal, ask: () => Promise<Result>, attempt = 1): Promise<Result> {
    try {
      return await ask();
    } catch (error) {
      const isLast = attempt === IDEMPOTENT_ATTEMPTS || this.repository.classify(error) === 'failed';
      if (isLast) throw new SessionUnavailableError(operation, 'the database reported an error.', error);
    }
    await backOff(attempt);
    signal.throwIfAborted();
    return this.#askAgain(operation, signal, ask, attempt + 1);
  }
}

function moveBase(baseline: SessionBaseline, record: StoredValues): void {
  baseline.state = 'stored';
  baseline.values = record.values;
  baseline.data = record.data;
  baseline.version = record.version;
  baseline.commitId = record.commitId;
  baseline.maxAge = record.maxAge;
}

/** The request has another session now, or none: it was destroyed or regenerated before it was ever stored. */
function isLetGo(session: object): boolean {
  const { req } = session as { req?: { session?: unknown } };
  return req !== undefined && req.session !== session;
}

function isUnchangedSince(session: object, key: string, then: string | undefined): boolean {
  try {
    return encodeValue(session, key) === then;
  } catch {
    return false;
  }
}

/** Shows the max age that another request has chosen. */
function showMaxAge(session: object, maxAge: number | null): void {
  Object.assign((session as { cookie: object }).cookie, { maxAge });
}

function showValue(session: object, key: string, text: string | undefined): void {
  if (text === undefined) delete (session as SessionValues)[key];
  else (session as SessionValues)[key] = decodeValue(text);
}
