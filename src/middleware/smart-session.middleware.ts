import type { CipherKey } from 'node:crypto';
import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import expressSession from 'express-session';
import { CookieHeaders } from '../http/cookie-headers.js';
import { announceRetry } from '../http/retry-after.js';
import { pathOf } from '../http/request-path.js';
import { markSecure } from '../http/secure-request.js';
import { SessionTransport } from '../http/session-transport.js';
import { isSignedBy } from '../security/cookie-signature.js';
import { optionForExpressSession } from '../security/cookie-template.js';
import { SessionLogger } from '../security/session-logger.js';
import { isProduction } from '../shared/production.js';
import { asError } from '../shared/thrown.js';
import { noteStart } from '../live/request-start.js';
import { SessionProtocol } from '../protocol/session-protocol.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { SmartSessionStore } from '../store/smart-session.store.js';
import { CookieWatch } from './cookie-watch.js';
import { commitBehind, isHandshake } from './handshake.js';
import { LateChanges } from './late-changes.js';
import { ResponseGate } from './response-gate.js';
import { RequestSession } from './request-session.js';

const OTHER_MIDDLEWARE =
  'Another middleware has already set `req.session`, so this module neither loads nor stores the sessions of such requests. Remove that middleware, such as `app.use(session(…))` in main.ts, or add its routes to `exclude`.';

const SECOND_MODULE =
  'Another SmartSessionModule has already set `req.session`, so this module does not load or store the session. Import `SmartSessionModule.forRoot` once, in the root module, and inject SessionService elsewhere.';

/** Mounts express-session with the store, and the gate that commits before the response is sent. */
@Injectable()
export class SmartSessionMiddleware implements NestMiddleware {
  readonly #logger = new SessionLogger();
  readonly #expressSession: RequestHandler;
  /** The same handler, but it sends each cookie again. Undefined if there is one secret. */
  readonly #resigning: RequestHandler | undefined;
  readonly #transport: SessionTransport;
  readonly #headers: CookieHeaders;
  /** The same for answers that carry the session in a header. */
  readonly #ownHeaders: CookieHeaders;
  readonly #cookies: CookieWatch;
  readonly #isDevelopment = !isProduction();
  #isOtherTold = false;

  /** @internal Called by Nest. */
  constructor(
    private readonly protocol: SessionProtocol,
    private readonly options: SmartSessionOptions,
    private readonly lateChanges: LateChanges,
    store: SmartSessionStore,
  ) {
    const { name, secret, rolling } = options;
    this.#transport = new SessionTransport(options);
    this.#cookies = new CookieWatch(options);
    const headers = (finish?: (response: Response) => void) =>
      new CookieHeaders(this.#transport.names, (cookies) => this.#cookies.see(cookies), ResponseGate.endHook, finish);
    this.#headers = headers();
    this.#ownHeaders = headers((response) => this.#transport.moveIntoHeader(response));
    // The gate handles `unset`: express-session would destroy the session after the answer.
    const mount = (isRolling: boolean) =>
      expressSession({
        store,
        name,
        secret: [...secret] as CipherKey[],
        cookie: optionForExpressSession(options),
        rolling: isRolling,
        resave: false,
        saveUninitialized: false,
      });
    this.#expressSession = mount(rolling);
    if (secret.length > 1) this.#resigning = mount(true);
  }

  /** Gives the request its session and puts the gate before its response. Does nothing if the request has a session already. */
  use(request: Request, response: Response, next: NextFunction): void {
    if (request.session) {
      this.#noticeOther(request);
      return next();
    }
    const { end } = response;
    noteStart(request);
    markSecure(request);
    const usesHeader = this.#usesHeader(request, next);
    if (usesHeader === undefined) return;
    (usesHeader ? this.#ownHeaders : this.#headers).addTo(response);
    const handler = this.#handlerOf(request);
    const restore = usesHeader ? this.#transport.showAsCookie(request) : undefined;
    let hasPassed = false;
    const pass = (error?: unknown) => {
      restore?.();
      if (hasPassed) return this.#tellLate(request, error);
      hasPassed = true;
      if (error) {
        announceRetry(response, error);
        return next(error);
      }
      if (request.session) {
        unwrapMethods(request.session);
        if (this.#isDevelopment && 'once' in response) this.lateChanges.watch(request, response);
        const gated = new RequestSession(request, response, this.protocol, this.options, this.#transport, this.#cookies, this.#logger);
        if (isHandshake(response)) commitBehind(response, gated, end);
        else ResponseGate.install(request, response, gated, end);
      }
      next();
    };
    const { loader } = this.protocol;
    loader.asking = request;
    try {
      handler(request, response, pass);
    } finally {
      loader.asking = undefined;
      restore?.();
    }
  }

  /**
   * Logs an error that express-session reports after the response has begun, for example of a cookie that cannot be written. A second
   * call of `next` would reach another request on Fastify, whose middleware reuses it.
   */
  #tellLate(request: Request, thrown: unknown): void {
    const { message, stack } = asError(thrown);
    this.#logger.error(`${request.method} ${pathOf(request)}: ${message}`, stack);
  }

  /** Warns once if another middleware or module has made the session. This module then does nothing in any request. */
  #noticeOther(request: Request): void {
    if (this.#isOtherTold || this.protocol.states.isServing(request)) return;
    this.#isOtherTold = true;
    this.#logger.warn(request.sessionStore instanceof SmartSessionStore ? SECOND_MODULE : OTHER_MIDDLEWARE);
  }

  /** Whether the header carries the session. If the request is refused, `next` gets the error, and the result is undefined. */
  #usesHeader(request: Request, next: NextFunction): boolean | undefined {
    try {
      return this.#transport.usesHeader(request);
    } catch (error) {
      next(error);
      return undefined;
    }
  }

  /**
   * Returns the handler for a request. A cookie that an older secret has signed is sent again, signed by the first secret, so
   * that the older one can be removed.
   */
  #handlerOf(request: Request): RequestHandler {
    if (!this.#resigning) return this.#expressSession;
    const value = this.#transport.signedValue(request);
    return value !== undefined && !isSignedBy(this.options.secret[0]!, value) ? this.#resigning : this.#expressSession;
  }
}

/**
 * Removes the `save` and `reload` that express-session puts on the session itself: they only add hashing. If a handler sets these
 * names, that is detected as for any other reserved name.
 */
function unwrapMethods(session: object): void {
  // Deletes the last property first: in this order V8 does not switch to dictionary mode.
  delete (session as { save?: unknown }).save;
  delete (session as { reload?: unknown }).reload;
}
