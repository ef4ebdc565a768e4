import type { CipherKey } from 'node:crypto';
import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import expressSession from 'express-session';
import { CookieHeaders } from '../http/cookie-headers.js';
import { announceRetry } from '../http/retry-after.js';
import { signedCookie } from '../http/request-cookie.js';
import { isSignedBy } from '../security/cookie-signature.js';
import { optionForExpressSession } from '../security/cookie-template.js';
import { SessionLogger } from '../security/session-logger.js';
import { isProduction } from '../shared/production.js';
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
  'Another middleware has given the request a session before this module: its sessions are neither loaded nor stored, in any such request. Remove the other one, such as `app.use(session(…))` in main.ts, or name its routes in `exclude`.';

const SECOND_MODULE =
  'Another SmartSessionModule has given the request its session: this one loads and stores none. Import `SmartSessionModule.forRoot` once, in the root module, and inject SessionService elsewhere.';

/** express-session with the store, and before the response the gate that commits first. */
@Injectable()
export class SmartSessionMiddleware implements NestMiddleware {
  readonly #logger = new SessionLogger();
  readonly #expressSession: RequestHandler;
  /** The same, and sends each cookie anew; undefined with one secret. */
  readonly #resigning: RequestHandler | undefined;
  readonly #headers: CookieHeaders;
  readonly #cookies: CookieWatch;
  readonly #isDevelopment = !isProduction();
  #isOtherTold = false;

  /** @internal Nest calls it. */
  constructor(
    private readonly protocol: SessionProtocol,
    private readonly options: SmartSessionOptions,
    private readonly lateChanges: LateChanges,
    store: SmartSessionStore,
  ) {
    const { name, secret, rolling } = options;
    this.#cookies = new CookieWatch(options);
    this.#headers = new CookieHeaders((cookies) => this.#cookies.see(cookies), ResponseGate.endHook);
    // `unset` is left to the gate: express-session would destroy after the answer.
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

  /** Gives the request its session, and puts the gate before its response. Does nothing where it has one already. */
  use(request: Request, response: Response, next: NextFunction): void {
    if (request.session) {
      this.#noticeOther(request);
      return next();
    }
    const { end } = response;
    noteStart(request);
    this.#headers.addTo(response);
    this.#handlerOf(request)(request, response, (error?: unknown) => {
      if (error) {
        announceRetry(response, error);
        return next(error);
      }
      if (request.session) {
        unwrapMethods(request.session);
        if (this.#isDevelopment) this.lateChanges.watch(request, response);
        const gated = new RequestSession(request, response, this.protocol, this.options, this.#cookies, this.#logger);
        if (isHandshake(response)) commitBehind(response, gated, end);
        else ResponseGate.install(request, response, gated, end);
      }
      next();
    });
  }

  /** Where something else has made the session before, this module does nothing, in every request. */
  #noticeOther(request: Request): void {
    if (this.#isOtherTold || this.protocol.states.isServing(request)) return;
    this.#isOtherTold = true;
    this.#logger.warn(request.sessionStore instanceof SmartSessionStore ? SECOND_MODULE : OTHER_MIDDLEWARE);
  }

  /** A cookie that an older secret has signed is sent anew, signed by the first: then the older one can be left out. */
  #handlerOf({ headers }: Request): RequestHandler {
    if (!this.#resigning) return this.#expressSession;
    const value = signedCookie(headers.cookie, this.options.name);
    return value !== undefined && !isSignedBy(this.options.secret[0]!, value) ? this.#resigning : this.#expressSession;
  }
}

/**
 * Takes away the `save` and `reload` that express-session gives a session of its own, which hash it and do nothing else.
 * What a handler puts in the place of those of the prototype is found as any other reserved name.
 */
function unwrapMethods(session: object): void {
  // In the order in which V8 forgets them without a dictionary: the last first.
  delete (session as { save?: unknown }).save;
  delete (session as { reload?: unknown }).reload;
}
