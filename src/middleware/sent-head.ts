import type { ServerResponse } from 'node:http';
import { headersSentError } from '../http/node-errors.js';

const refuse = (verb: Parameters<typeof headersSentError>[0]): PropertyDescriptor => ({
  value() {
    throw headersSentError(verb);
  },
  writable: true,
  configurable: true,
});

/** What a response refuses once its head is sent. */
const REFUSALS: Readonly<Record<string, PropertyDescriptor>> = {
  setHeader: refuse('set'),
  setHeaders: refuse('set'),
  appendHeader: refuse('append'),
  removeHeader: refuse('remove'),
  writeContinue: refuse('write'),
  writeProcessing: refuse('write'),
  writeEarlyHints: refuse('write'),
  writeInformation: refuse('write'),
  // A middleware that asks Node's private `_header` calls it again for each part of the body.
  _implicitHeader: { value() {}, writable: true, configurable: true },
};

/**
 * Makes a response refuse, while its answer is held, what it refuses once its head is sent. Defined only while an answer is held:
 * most responses are never held, and pay nothing.
 */
export class SentHead {
  readonly #replaced: PropertyDescriptorMap = {};

  constructor(private readonly response: ServerResponse) {
    for (const [name, refusal] of Object.entries(REFUSALS)) {
      // An older Node does not have all of them.
      if (!(name in response)) continue;
      const own = Object.getOwnPropertyDescriptor(response, name);
      if (own) this.#replaced[name] = own;
      Object.defineProperty(response, name, refusal);
    }
  }

  /** Gives the response its own methods back. */
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
