import { OutgoingMessage } from 'node:http';
import type { WriteCallback } from './end-callback.js';

/** The body and the callback in the parameters of `write` or `end`. */
export interface Body {
  /** Chunk and encoding; empty if there is no chunk. */
  readonly parameters: unknown[];
  readonly callback: WriteCallback | undefined;
}

/** Whether the parameters of `write` or `end` have a callback. */
export function hasCallback(parameters: unknown[]): boolean {
  return parameters.length > 0 && typeof parameters.at(-1) === 'function';
}

/** Reads the parameters of `end`. A falsy chunk counts as none, as in Node. */
export function bodyOf([chunk, encoding, callback]: unknown[]): Body {
  const called = [chunk, encoding, callback].find((parameter) => typeof parameter === 'function') as WriteCallback | undefined;
  const hasChunk = Boolean(chunk) && typeof chunk !== 'function';
  return { parameters: hasChunk ? [chunk, typeof encoding === 'function' ? undefined : encoding] : [], callback: called };
}

/** Checks a body immediately. Node would refuse it only when the held call reaches Node. Throws Node's own errors. */
export function refuseWrongBody(method: 'write' | 'end', [chunk, encoding]: unknown[]): void {
  if (method === 'end' && (!chunk || typeof chunk === 'function')) return;
  if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) new OutgoingMessage().write(chunk);
  if (typeof chunk === 'string' && typeof encoding === 'string' && encoding !== '' && !Buffer.isEncoding(encoding))
    Buffer.from(chunk, encoding as BufferEncoding);
}
