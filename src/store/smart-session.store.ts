import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import expressSession, { type Session, type SessionData } from 'express-session';
import { asError } from '../shared/thrown.js';
import { LiveSessions } from '../live/live-sessions.js';
import { SessionProtocol } from '../protocol/session-protocol.js';
import { SessionService } from '../services/session.service.js';

type Callback<Result = void> = (error?: unknown, result?: Result) => void;

const nothing = () => undefined;

/**
 * express-session's store, and the only place with callbacks: each is called exactly once, with a
 * named error or none. Works without Nest's pipeline too.
 */
@Injectable()
export class SmartSessionStore extends expressSession.Store {
  /** @internal Nest calls it. */
  constructor(
    private readonly protocol: SessionProtocol,
    private readonly liveSessions: LiveSessions,
    private readonly sessions: SessionService,
  ) {
    super();
    protocol.states.serve(this);
  }

  override get(sessionId: string, callback: Callback<SessionData | null> = nothing): void {
    answer(
      this.protocol.loader.load(sessionId).then((data) => data ?? null),
      callback,
    );
  }

  /**
   * Commits a live session, or touches it when there is nothing to commit: with `resave` express-session saves where it
   * would touch. Writes a plain object whole. Calls back at once when there is nothing to do.
   */
  override set(sessionId: string, session: SessionData, callback: Callback = nothing): void {
    if (!isLive(session, sessionId)) answer(this.protocol.stored.replace(sessionId, session), callback);
    else if (!this.protocol.states.isSettled(session) || this.protocol.states.isClosed(session))
      answer(this.protocol.committer.commit(session), callback);
    else if (this.protocol.toucher.isDue(session)) this.touch(sessionId, session, callback);
    else callBack(callback);
  }

  /** Extends the expiry: a live session's as its record asks for it, a plain object's as its cookie says. */
  override touch(sessionId: string, session: SessionData, callback: Callback = nothing): void {
    const touched = isLive(session, sessionId)
      ? this.protocol.toucher.touch(sessionId, session)
      : this.protocol.toucher.extend(sessionId, session);
    if (!touched) return callBack(callback);
    answer(touched, callback);
  }

  /** Destroys a session, or several. */
  override destroy(sessionId: string | readonly string[], callback: Callback = nothing): void {
    const all = [sessionId].flat().map((id) => this.protocol.stored.destroy(id));
    answer(
      Promise.all(all).then(() => undefined),
      callback,
    );
  }

  /** The live sessions by storage key, because their ids are not stored. */
  override all(callback: Callback<Record<string, SessionData>> = nothing): void {
    answer(this.protocol.loader.all(), callback);
  }

  override length(callback: Callback<number> = nothing): void {
    answer(this.sessions.count(), callback);
  }

  override clear(callback: Callback = nothing): void {
    answer(this.sessions.clear(), callback);
  }

  /** Unlike express-session's own, leaves the session as it is when it could not be destroyed. */
  override regenerate(request: Request, callback: Callback): void {
    const policy = this.protocol.states.policyOf(request.session);
    const regenerated = this.protocol.stored.end(request).then(() => {
      this.generate(request);
      this.protocol.states.succeed(request.session, policy);
    });
    answer(regenerated, callback);
  }

  /** Makes the live session of loaded data, and hands the data's base on to it. express-session calls it. */
  override createSession(request: Request, data: SessionData): Session & SessionData {
    const { session: previous } = request;
    this.liveSessions.dress(request, data);
    const copiable = this.liveSessions.copiable(data);
    const session = super.createSession(request, copiable);
    data.cookie = copiable.cookie;
    this.liveSessions.adopt(session, data, previous);
    return session;
  }

  /** express-session puts its own in place of this one. */
  generate(_request: Request): void {
    throw new Error(
      'SmartSessionStore: a session cannot be regenerated, because the store was not given to express-session. Pass it as the option `store` first.',
    );
  }
}

function isLive(session: object | null | undefined, sessionId: string): boolean {
  const live = session as Partial<Session> | null | undefined;
  return live?.id === sessionId && typeof live.regenerate === 'function';
}

/** Calls back once. What the callback itself throws is the caller's, and surfaces as an uncaught exception would. */
function answer<Result>(work: Promise<Result>, callback: Callback<Result>): void {
  work.then(
    (result) => process.nextTick(callBack<Result>, callback, undefined, result),
    // express-session takes an error that is none for "no session".
    (error: unknown) => process.nextTick(callBack<Result>, callback, asError(error)),
  );
}

function callBack<Result>(callback: Callback<Result>, ...outcome: Parameters<Callback<Result>>): void {
  if (typeof callback === 'function') callback(...outcome);
}
