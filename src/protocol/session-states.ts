import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { SessionCodec } from '../codec/session.codec.js';
import { SessionDestroyer } from '../ending/session-destroyer.js';
import { COOKIE_KEY } from '../live/chosen-cookie.js';
import { dueLifetime } from '../live/due-lifetime.js';
import type { HeldValues } from '../live/held-values.js';
import { LiveChanges } from '../live/live-changes.js';
import { LiveSessions } from '../live/live-sessions.js';
import { isWhole, refuseBroken } from '../live/session-integrity.js';
import { DEFAULT_POLICY, type SessionPolicy } from '../live/session-policy.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';

/** Reads and sets the state of a request's session. It sends no statement. */
@Injectable()
export class SessionStates {
  readonly #stores = new WeakSet<object>();

  constructor(
    private readonly liveSessions: LiveSessions,
    private readonly changes: LiveChanges,
    private readonly destroyer: SessionDestroyer,
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  /** Takes the sessions of a store of express-session as its own. */
  serve(store: object): void {
    this.#stores.add(store);
  }

  /** Whether a request's session is from a store that is served. On excluded routes an app may have another store. */
  isServing({ sessionStore }: Request): boolean {
    return this.#stores.has(sessionStore);
  }

  /** Puts the session of a request under a policy, which also applies to a session that takes its place by `reload` or `regenerate`. */
  setPolicy(session: object, policy: SessionPolicy): void {
    this.liveSessions.of(session).policy = policy;
  }

  /** Gives the new session of a `regenerate` the policy of the old one. */
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
    if (live) this.destroyer.noticeEnd(live);
    if (live?.abandoned || live?.state === 'gone') return false;
    if (live?.committing) return true;
    if (live?.isClosed) return false;
    if (this.isUntouched(session)) return false;
    refuseBroken(session);
    const now = this.changes.snapshot(session, live);
    const edit = this.changes.editOf(now, live);
    if (!edit || !held || edit.maxAge !== undefined || edit.trace.keys.includes(COOKIE_KEY)) return edit !== undefined;
    return !held.cover(
      session,
      edit.trace.keys,
      (key) => this.codec.encodeMember(key, session, now.values.get(key)) !== now.values.get(key),
    );
  }

  /**
   * Whether the session has certainly not changed since it was loaded. This check is cheaper than `hasChanges`. False
   * does not mean that there is a change.
   */
  isUntouched(session: object): boolean {
    const live = this.liveSessions.find(session);
    if (!isWhole(session)) return false;
    if (!live) return Object.keys(session).every((key) => key === 'cookie');
    return !live.abandoned && !live.committing && this.changes.isUntouched(session, live);
  }

  /**
   * Whether nothing is left to commit. False also for what cannot be stored or is refused, so that `commit` reports it.
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
    return this.isUntouched(session) ? [] : this.changes.unsavedKeys(session);
  }

  /** Forbids further commits. After an error response, the failed change must not be stored. */
  abandon(session: object, reason: Error): void {
    this.liveSessions.of(session).abandoned ??= reason;
  }

  /** Why no further commit is allowed; undefined if one is. */
  failureOf(session: object): Error | undefined {
    return this.liveSessions.find(session)?.abandoned;
  }

  /** Whether a handler still changes a session whose lock has ended. */
  isClosed(session: object): boolean {
    return this.liveSessions.find(session)?.isClosed === true;
  }

  /** Whether the session has ended: a commit has found it destroyed or expired, or this process has destroyed it. */
  isGone(session: object): boolean {
    const live = this.liveSessions.find(session);
    return live !== undefined && (live.state === 'gone' || this.destroyer.hasEnded(live));
  }

  /** Whether the session has a record: it was loaded, or stored by a commit. */
  isStored(session: object): boolean {
    return this.liveSessions.find(session)?.state === 'stored';
  }

  /**
   * Shows express-session's hash only whether the session has changed, and no values, until `endHash`.
   *
   * @param isHead whether the head is written, in which a session that is extended sends its cookie again
   */
  beginHash(session: object, isHead: boolean): void {
    // A session without a state that holds nothing has no values to hide.
    const live = this.liveSessions.find(session) ?? (this.isUntouched(session) ? undefined : this.liveSessions.of(session));
    if (!live) return;
    live.isHashed = true;
    live.renewsCookie = isHead && live.maxAge !== null && (live.isExtended || dueLifetime(live, this.options) !== undefined);
  }

  /** Shows a session's values again. */
  endHash(session: object): void {
    const live = this.liveSessions.find(session);
    if (live) live.isHashed = false;
  }
}
