import type { Request } from 'express';
import { SessionLogger } from '../security/session-logger.js';
import { isSecure } from '../security/cookie-template.js';
import { isProduction } from '../shared/production.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';

/** Warns, once each, of a session cookie that is sent in the clear, and of one that is not sent because it must not be. */
export class CookieWatch {
  readonly #logger = new SessionLogger();
  readonly #name: string;
  /** Behind a proxy that Express does not trust, 'auto' takes every request for one by http. */
  #looksForClear: boolean;
  #looksForWithheld = true;

  constructor({ name, cookie }: Pick<SmartSessionOptions, 'name' | 'cookie'>) {
    this.#name = name;
    this.#looksForClear = isProduction() && (typeof cookie === 'function' || cookie.secure === 'auto');
  }

  /** Looks at the cookies of an answer. */
  see(cookies: readonly string[]): void {
    if (!this.#looksForClear || !cookies.some((cookie) => cookie.startsWith(`${this.#name}=`) && !/; secure(;|$)/i.test(cookie))) return;
    this.#looksForClear = false;
    this.#logger.warn(
      "A session cookie was sent without Secure, for its request came by http. Set `cookie: { secure: true }`, and behind a proxy that ends TLS `app.set('trust proxy', 1)`.",
    );
  }

  /** Whether express-session sends no cookie to this request, and nobody was told so before: not by http, with `secure`. */
  withholds(request: Request): boolean {
    return this.#looksForWithheld && request.session.cookie?.secure === true && !isSecure(request);
  }

  /** Tells of a session whose cookie was not sent. */
  tellWithheld(): void {
    this.#looksForWithheld = false;
    this.#logger.warn(
      "A session was stored, and its cookie was not sent: the cookie has `secure: true`, and the request came by http. The next request begins another session. Behind a proxy that ends TLS set `app.set('trust proxy', 1)`; without TLS set `cookie: { secure: 'auto' }`.",
    );
  }
}
