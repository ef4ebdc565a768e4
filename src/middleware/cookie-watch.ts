import type { Request } from 'express';
import { SessionLogger } from '../security/session-logger.js';
import { isSecure } from '../security/cookie-template.js';
import { isProduction } from '../shared/production.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';

/** What tells the platform that a request came over TLS. */
const TRUST =
  "Behind a proxy that ends TLS, trust it: `app.set('trust proxy', 1)` on Express, `new FastifyAdapter({ trustProxy: true })` on Fastify.";

/**
 * Warns about a session cookie that is sent without TLS, and about one that is withheld because its request came without TLS.
 * Warns once each.
 */
export class CookieWatch {
  readonly #logger = new SessionLogger();
  readonly #name: string;
  /** Set for 'auto' and functions: behind a proxy that Express does not trust, 'auto' treats every request as http. */
  #looksForClear: boolean;
  #looksForWithheld = true;

  constructor({ name, cookie }: Pick<SmartSessionOptions, 'name' | 'cookie'>) {
    this.#name = name;
    this.#looksForClear = isProduction() && (typeof cookie === 'function' || cookie.secure === 'auto');
  }

  /** Checks the cookies of an answer. */
  see(cookies: readonly string[]): void {
    if (!this.#looksForClear || !cookies.some((cookie) => cookie.startsWith(`${this.#name}=`) && !/; secure(;|$)/i.test(cookie))) return;
    this.#looksForClear = false;
    this.#logger.warn(
      'A session cookie was sent without Secure because its request came over http. Set `cookie: { secure: true }`. ' + TRUST,
    );
  }

  /**
   * Whether express-session withholds the cookie from this request, because it is `secure` and the request came over http. False
   * after the first warning.
   */
  withholds(request: Request): boolean {
    return this.#looksForWithheld && request.session.cookie?.secure === true && !isSecure(request);
  }

  /** Warns about a session whose cookie was not sent. */
  tellWithheld(): void {
    this.#looksForWithheld = false;
    this.#logger.warn(
      'A session was stored, but its cookie was not sent: the cookie has `secure: true`, and the request came over http. The next request starts another session. ' +
        `${TRUST} Without TLS, set \`cookie: { secure: 'auto' }\`.`,
    );
  }
}
