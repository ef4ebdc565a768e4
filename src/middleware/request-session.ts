import type { LoggerService } from '@nestjs/common';
import type { Request, Response } from 'express';
import { clearingCookie } from '../http/clearing-cookie.js';
import { pathOf } from '../http/request-path.js';
import type { SessionTransport } from '../http/session-transport.js';
import { HeldValues } from '../live/held-values.js';
import type { SessionProtocol } from '../protocol/session-protocol.js';
import { SessionUnavailableError } from '../smart-session.errors.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';
import type { CookieWatch } from './cookie-watch.js';
import type { GatedSession } from './response-gate.js';

/**
 * Connects the gate of one response with the session of its request.
 *
 * It is a class, like every object that a response refers to. If object literals often survive a collection, V8
 * allocates them in the old generation. There, each literal keeps its whole request alive until the next full
 * collection. With literals, a young collection in the benchmark's app took 6.5 ms instead of 2 to 3 ms (Node 26).
 */
export class RequestSession implements GatedSession {
  #hasSession = true;
  #failure: Error | undefined;
  /** The values that commits have stored while the response was held. */
  #held: HeldValues | undefined;
  #isInHook = false;
  #isHead = false;
  /** The session that the request started with. */
  readonly #first: Request['session'];
  /** The cookie of that session, as the browser has it. */
  readonly #cookie: object;

  constructor(
    private readonly request: Request,
    private readonly response: Response,
    private readonly protocol: SessionProtocol,
    private readonly options: SmartSessionOptions,
    private readonly transport: SessionTransport,
    private readonly cookies: CookieWatch,
    private readonly logger: LoggerService,
  ) {
    this.#first = request.session;
    this.#cookie = request.session.cookie;
  }

  isSettled(): boolean {
    const { request } = this;
    const { states } = this.protocol;
    const abandoned = request.session && states.failureOf(request.session);
    if (abandoned) this.#fail(abandoned);
    if (request.session && states.isGone(request.session)) forgetSessionId(request);
    return request.session ? states.isSettled(request.session, this.#held) : !this.#isUnset();
  }

  async commit(): Promise<void> {
    const { request, protocol } = this;
    if (request.session) return protocol.committer.commitForResponse(request.session, (this.#held ??= new HeldValues()));
    await protocol.stored.destroyForResponse(request.sessionID);
    this.#hasSession = false;
  }

  giveUp(error: Error): void {
    const { request } = this;
    // The outage log reports these errors.
    if (!(error instanceof SessionUnavailableError))
      this.logger.error(`${request.method} ${pathOf(request)}: ${error.message}`, error.stack);
    if (request.session) this.protocol.states.abandon(request.session, error);
    this.#fail(error);
  }

  failure(): Error | undefined {
    return this.#failure;
  }

  beginHook(isHead: boolean): void {
    const { session } = this.request;
    if (!this.response.headersSent) this.#clearCookie();
    if (!session) return;
    this.#isInHook = true;
    this.#isHead = isHead;
    this.protocol.states.beginHash(session, isHead);
  }

  endHook(): void {
    if (!this.#isInHook) return;
    this.#isInHook = false;
    const { session } = this.request;
    if (!session) return;
    this.protocol.states.endHash(session);
    if (this.#isHead && this.cookies.withholds(this.request) && this.#isNewsForBrowser(session)) this.cookies.tellWithheld();
  }

  isInHook(): boolean {
    return this.#isInHook;
  }

  isDone(): boolean {
    const { session } = this.request;
    return !session || !this.protocol.toucher.isDue(session);
  }

  /** Whether the handler has set the session to null and the app wants it destroyed then. */
  #isUnset(): boolean {
    const { session, sessionID } = this.request;
    return this.#hasSession && !session && sessionID !== undefined && this.options.unset === 'destroy';
  }

  /** Whether the session is stored under an id that the browser does not have yet. */
  #isNewsForBrowser(session: object): boolean {
    const { request, transport } = this;
    return this.protocol.states.isStored(session) && !transport.signedValue(request)?.startsWith(`s:${request.sessionID}.`);
  }

  /** Deletes the browser's cookie of a session that this request has ended. */
  #clearCookie(): void {
    const { request, response, options, transport } = this;
    if (this.#failure || !this.protocol.stored.claimEnd(request, this.#first)) return;
    forgetSessionId(request);
    if (transport.hasId(request)) appendCookie(response, clearingCookie(options.name, this.#cookie));
  }

  #fail(error: Error): void {
    this.#hasSession = false;
    this.#failure ??= error;
    removeSession(this.request);
  }
}

/** Uses only methods that the response of a WebSocket's handshake has too. */
function appendCookie(response: Response, cookie: string): void {
  response.setHeader('Set-Cookie', [response.getHeader('Set-Cookie') ?? [], cookie].flat() as string[]);
}

/** Removes the session, so that express-session neither saves it nor sends a cookie. */
function removeSession(request: Request): void {
  delete (request as { session?: unknown }).session;
}

/**
 * Removes the session id, so that express-session sends no cookie and leaves the session unchanged. Another request may have
 * destroyed the session, for example at a login. Its cookie could then replace a newer one in the browser.
 */
function forgetSessionId(request: Request): void {
  Object.assign(request, { sessionID: undefined });
}
