import type { ServerResponse } from 'node:http';
import { headersSentError } from '../http/node-errors.js';

const refuse = (verb: Parameters<typeof headersSentError>[0]): PropertyDescriptor => ({
  value() {
    throw headersSentError(verb);
  },
  writable: true,
  configurable: true,
});

/** Node's field of the head that was sent. Its header methods read it, and so does middleware. */
interface NodeResponse extends ServerResponse {
  _header: string | null;
  /** Whether the head is on its way to the client. */
  readonly _headerSent: boolean;
}

/**
 * Stands for the head of a held response. A program that calls Node's own `end`, past the gate, sends this head, because the session may
 * not be stored.
 */
const HELD = 'HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n';

/** The properties that make a held response look and refuse as if its head was sent. */
const REFUSALS: Readonly<Record<string, PropertyDescriptor>> = {
  headersSent: { value: true, configurable: true },
  setHeader: refuse('set'),
  setHeaders: refuse('set'),
  appendHeader: refuse('append'),
  removeHeader: refuse('remove'),
};

/**
 * Makes a held response look and behave as if its head was sent. A response of Node does that itself once its field says so. For
 * others, such as those of HTTP/2, the properties are replaced, which takes 20 µs on Node 26 and 100 µs on Node 22.
 */
export class SentHead {
  readonly #replaced: PropertyDescriptorMap | undefined;

  constructor(private readonly response: ServerResponse) {
    if (hasHeadField(response)) response._header = HELD;
    else this.#replaced = replaceProperties(response);
  }

  /** Ends this. */
  lift(): void {
    const { response } = this;
    if (this.#replaced) restoreProperties(response, this.#replaced);
    else if (isHeld(response as NodeResponse)) (response as NodeResponse)._header = null;
  }
}

function isHeld({ _header, _headerSent }: NodeResponse): boolean {
  return _header === HELD && !_headerSent;
}

function hasHeadField(response: ServerResponse): response is NodeResponse {
  return Object.hasOwn(response, '_header') && (response as NodeResponse)._header === null;
}

function replaceProperties(response: ServerResponse): PropertyDescriptorMap {
  const replaced: PropertyDescriptorMap = {};
  for (const [name, refusal] of Object.entries(REFUSALS)) {
    // Older versions of Node do not have all of them.
    if (!(name in response)) continue;
    const own = Object.getOwnPropertyDescriptor(response, name);
    if (own) replaced[name] = own;
    Object.defineProperty(response, name, refusal);
  }
  return replaced;
}

function restoreProperties(response: ServerResponse, replaced: PropertyDescriptorMap): void {
  for (const [name, { value }] of Object.entries(REFUSALS)) {
    const isOurs = Object.getOwnPropertyDescriptor(response, name)?.value === value;
    if (!isOurs) continue;
    Reflect.deleteProperty(response, name);
    const own = replaced[name];
    if (own) Object.defineProperty(response, name, own);
  }
}
