import type { ServerResponse } from 'node:http';
import { headersSentError } from '../http/node-errors.js';

const refuse = (verb: Parameters<typeof headersSentError>[0]): PropertyDescriptor => ({
  value() {
    throw headersSentError(verb);
  },
  writable: true,
  configurable: true,
});

/** The changes that a response refuses after its head was sent. */
const REFUSALS: Readonly<Record<string, PropertyDescriptor>> = {
  setHeader: refuse('set'),
  setHeaders: refuse('set'),
  appendHeader: refuse('append'),
  removeHeader: refuse('remove'),
  writeContinue: refuse('write'),
  writeProcessing: refuse('write'),
  writeEarlyHints: refuse('write'),
  writeInformation: refuse('write'),
  // A middleware that reads Node's private `_header` calls this again for each part of the body.
  _implicitHeader: { value() {}, writable: true, configurable: true },
};

/**
 * Makes a held response refuse what it refuses after its head was sent. Defined only while an answer is held, so that the other
 * responses stay fast.
 */
export class SentHead {
  readonly #replaced: PropertyDescriptorMap = {};

  constructor(private readonly response: ServerResponse) {
    for (const [name, refusal] of Object.entries(REFUSALS)) {
      // Older versions of Node do not have all of them.
      if (!(name in response)) continue;
      const own = Object.getOwnPropertyDescriptor(response, name);
      if (own) this.#replaced[name] = own;
      Object.defineProperty(response, name, refusal);
    }
  }

  /** Restores the response's own methods. */
  lift(): void {
    for (const [name, { value }] of Object.entries(REFUSALS)) {
      const isOurs = Object.getOwnPropertyDescriptor(this.response, name)?.value === value;
      if (!isOurs) continue;
      Reflect.deleteProperty(this.response, name);
      const replaced = this.#replaced[name];
      if (replaced) Object.defineProperty(this.response, name, replaced);
    }
  }
}
