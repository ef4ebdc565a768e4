import type { IncomingHttpHeaders } from 'node:http';
import { requestCookie } from '../http/request-cookie.js';
import { isKeyedObject } from '../shared/plain-object.js';

type Named = Readonly<Record<string, unknown>>;

/** A response of supertest, `fetch`, light-my-request or `node:http`. */
export interface TestedResponse {
  readonly headers: object;
}

/**
 * Where a test has a session: a response, the text of a `Cookie` header, the texts of `Set-Cookie` headers, or the request headers that
 * `sessionHeaders` has returned.
 */
export type SessionCarrier = TestedResponse | string | readonly string[] | Readonly<Record<string, string>>;

/** The names under which a session travels. */
export interface CarrierNames {
  /** The name of the cookie. */
  readonly cookie: string;
  /** The name of the header of the option `transport`, in lower case. */
  readonly header: string | undefined;
}

/** Whether a value can carry a session. */
export function isCarrier(value: unknown): value is SessionCarrier {
  return typeof value === 'string' || isTexts(value) || isKeyedObject(value);
}

/**
 * Returns the headers with which the client sends the session from now on. A response that sets no session keeps that of its request.
 * The responses of `fetch` do not know their request.
 */
export function headersOf(carrier: SessionCarrier, names: CarrierNames): IncomingHttpHeaders {
  if (typeof carrier === 'string') return withCookie(names, requestCookie(carrier, names.cookie));
  if (isTexts(carrier)) return withCookie(names, lastCookie(carrier, names));
  if (!isResponse(carrier)) return ofRequest(namedIn(carrier), names);
  const set = ofResponse(carrier, names);
  return Object.keys(set).length > 0 ? set : ofItsRequest(carrier as WithRequest, names);
}

function ofResponse({ headers }: TestedResponse, names: CarrierNames): IncomingHttpHeaders {
  const cookies = isFetched(headers) ? headers.getSetCookie() : [namedIn(headers)('set-cookie') ?? []].flat();
  const header = names.header && (isFetched(headers) ? headers.get(names.header) : namedIn(headers)(names.header));
  return { ...withCookie(names, lastCookie(cookies as string[], names)), ...withHeader(names, header) };
}

/** The requests behind a response: the client's of supertest and `node:http`, or the server's of light-my-request. */
interface WithRequest {
  readonly req?: { getHeader?(name: string): unknown };
  readonly raw?: { readonly req?: { readonly headers?: Named } };
}

function ofItsRequest({ req, raw }: WithRequest, names: CarrierNames): IncomingHttpHeaders {
  if (typeof req?.getHeader === 'function') return ofRequest((name) => req.getHeader!(name), names);
  return ofRequest(namedIn(raw?.req?.headers ?? {}), names);
}

function ofRequest(valueOf: (name: string) => unknown, names: CarrierNames): IncomingHttpHeaders {
  const cookies = valueOf('cookie');
  const own = typeof cookies === 'string' ? requestCookie(cookies, names.cookie) : undefined;
  return { ...withCookie(names, own), ...withHeader(names, names.header && valueOf(names.header)) };
}

function withCookie({ cookie }: CarrierNames, value: string | undefined): IncomingHttpHeaders {
  return value === undefined ? {} : { cookie: `${cookie}=${value}` };
}

function withHeader({ header }: CarrierNames, value: unknown): IncomingHttpHeaders {
  return header !== undefined && typeof value === 'string' ? { [header]: value } : {};
}

/** A client keeps the last of several cookies with the same name. */
function lastCookie(cookies: readonly string[], { cookie: name }: CarrierNames): string | undefined {
  return cookies.map((cookie) => requestCookie(cookie.split(';')[0], name)).findLast((value) => value !== undefined);
}

/** Finds headers by their names in lower case. */
function namedIn(headers: object): (name: string) => unknown {
  return (name) => Object.entries(headers).find(([other]) => other.toLowerCase() === name)?.[1];
}

function isResponse(carrier: object): carrier is TestedResponse {
  return isKeyedObject((carrier as Partial<TestedResponse>).headers);
}

function isFetched(headers: object): headers is Headers {
  return typeof (headers as Partial<Headers>).getSetCookie === 'function';
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
