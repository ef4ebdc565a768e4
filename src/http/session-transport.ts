import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { SessionTransportError } from '../smart-session.errors.js';
import { requestCookie, signedCookie } from './request-cookie.js';

/** The used part of the options. */
interface TransportOptions {
  /** The name of the cookie. */
  readonly name: string;
  readonly transport: {
    readonly takesCookies: boolean;
    /** The name in lower case, and the word before the id. */
    readonly header?: { readonly header: string; readonly scheme?: string } | undefined;
  };
}

/** The used part of a request. */
type Headers = Pick<IncomingMessage, 'headers'>;

/** Begins the value of a signed cookie. A header leaves it out. */
const SIGNED = 's:';

/**
 * Where a request and its response carry the session's signed id. express-session knows only cookies. So it sees the header of a
 * request as a cookie, and the cookie of its response becomes a header.
 */
export class SessionTransport {
  readonly #name: string;
  readonly #transport: TransportOptions['transport'];

  constructor({ name, transport }: TransportOptions) {
    this.#name = name;
    this.#transport = transport;
  }

  /** The request headers that an answer depends on. */
  get names(): readonly string[] {
    const { takesCookies, header } = this.#transport;
    return [...(takesCookies ? ['Cookie'] : []), ...(header ? [header.header] : [])];
  }

  /**
   * Whether the header carries the session of a request. If both are allowed, a request chooses by what it sends; the scheme without
   * an id asks for a new session in the header.
   *
   * @throws SessionTransportError for a request that has both
   */
  usesHeader(request: Headers): boolean {
    const { takesCookies, header } = this.#transport;
    if (!header || !takesCookies) return !takesCookies;
    if (this.#token(request) === undefined) return false;
    if (requestCookie(request.headers.cookie, this.#name) === undefined) return true;
    throw new SessionTransportError(this.#name, header.header);
  }

  /** Returns the signed id of a request, as a cookie has it; undefined if there is none. */
  signedValue(request: Headers): string | undefined {
    const token = this.#token(request);
    if (token) return SIGNED + token;
    return this.#transport.takesCookies ? signedCookie(request.headers.cookie, this.#name) : undefined;
  }

  /** Whether a request has a session id, signed or not. */
  hasId(request: Headers): boolean {
    return (
      Boolean(this.#token(request)) || (this.#transport.takesCookies && requestCookie(request.headers.cookie, this.#name) !== undefined)
    );
  }

  /**
   * Shows the header of a request as its cookie, and hides its own cookies.
   *
   * @returns undoes that, once
   */
  showAsCookie(request: Request): () => void {
    const { headers } = request;
    const { cookie } = headers;
    const { cookies, signedCookies } = request;
    const value = this.signedValue(request);
    headers.cookie = value && `${this.#name}=${encodeURIComponent(value)}`;
    // express-session also reads what cookie-parser has found.
    const isParsed = cookies !== undefined || signedCookies !== undefined;
    if (isParsed) Object.assign(request, { cookies: undefined, signedCookies: undefined });
    let isShown = true;
    return () => {
      if (!isShown) return;
      isShown = false;
      if (cookie === undefined) delete headers.cookie;
      else headers.cookie = cookie;
      if (isParsed) Object.assign(request, { cookies, signedCookies });
    };
  }

  /** Turns the session's cookie of an answer into the header. A deleted cookie becomes a header without an id. */
  moveIntoHeader(response: Response): void {
    const { header, scheme } = this.#transport.header!;
    const cookies = [response.getHeader('Set-Cookie') ?? []].flat().map(String);
    const isOwn = (cookie: string) => cookie.startsWith(`${this.#name}=`);
    const own = cookies.findLast(isOwn);
    if (own === undefined) return;
    const others = cookies.filter((cookie) => !isOwn(cookie));
    if (others.length > 0) response.setHeader('Set-Cookie', others);
    else response.removeHeader('Set-Cookie');
    const id = decodeURIComponent(own.slice(this.#name.length + 1).split(';')[0]!).slice(SIGNED.length);
    response.setHeader(header, [scheme ?? [], id || []].flat().join(' '));
  }

  /** Returns the id in the header; an empty text for a scheme without an id, and undefined for another scheme or no header. */
  #token({ headers }: Headers): string | undefined {
    const { header } = this.#transport;
    const text = header && headers[header.header];
    if (typeof text !== 'string') return undefined;
    if (header?.scheme === undefined) return text.trim();
    const [scheme = '', ...words] = text.trim().split(/\s+/);
    return scheme.toLowerCase() === header.scheme.toLowerCase() ? words.join(' ') : undefined;
  }
}
