import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { HttpException, HttpStatus } from '@nestjs/common';
import { announceRetry } from '../http/retry-after.js';

/** What the gate asks and does before a response may leave. */
export interface GateKeeper {
  /** Whether a response may leave at once. */
  isSettled(): boolean;
  /** Settles what is not. */
  settle(): Promise<void>;
  /** Settling failed: the response becomes an error, without a cookie. */
  giveUp(error: Error): void;
  /** Whether settling has failed, here or before. */
  hasFailed(): boolean;
}

type Method = 'writeHead' | 'flushHeaders' | 'write' | 'end';
type Call = readonly [method: Method, parameters: unknown[]];

/** What describes the body, or sends the client elsewhere, is not true of the error that takes its place. */
const HEADERS_OF_THE_ANSWER = [
  'accept-ranges', 'cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-length',
  'content-location', 'content-range', 'content-type', 'etag', 'expires', 'last-modified', 'link', 'location', 'refresh',
  'set-cookie', 'trailer', 'transfer-encoding',
];

/**
 * Holds a response back until its session is stored. Whatever a handler, a guard, a filter or a
 * middleware calls to answer with waits here, and goes on in its order; when storing fails, the
 * client gets an error in its place. Stands outside express-session's own hook on `end`, which
 * would let the answer go first.
 */
export class ResponseGate {
  readonly #original: Record<Method, (...parameters: any[]) => unknown>;
  readonly #hasBegun: () => boolean;
  #held: Call[] | undefined;
  /** An error has taken the answer's place. */
  #isRefused = false;
  /** Calls under way: Node and express-session call the response's methods from within one another. */
  #depth = 0;

  private constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly keeper: GateKeeper,
  ) {
    const { writeHead, flushHeaders, write, end } = response;
    this.#original = { writeHead, flushHeaders, write, end };
    this.#hasBegun = inheritedGetter(response, 'headersSent') as () => boolean;
  }

  /** Puts a gate before the response. */
  static install(request: IncomingMessage, response: ServerResponse, keeper: GateKeeper): void {
    const gate = new ResponseGate(request, response, keeper);
    for (const method of Object.keys(gate.#original) as Method[]) {
      const value = (...parameters: unknown[]) => gate.#pass(method, parameters);
      Object.defineProperty(response, method, { value, writable: true, configurable: true });
    }
    // A held answer counts as sent: nobody shall answer twice.
    Object.defineProperty(response, 'headersSent', { get: () => gate.#held !== undefined || gate.#hasBegun(), configurable: true });
  }

  #pass(method: Method, parameters: unknown[]): unknown {
    if (this.#depth > 0) return this.#call(method, parameters);
    if (this.#isRefused) return method === 'write' ? true : this.response;
    if (!this.#holds(method)) {
      // The error that answers may have been sent by Nest: what a stream still writes then is not for the client.
      this.#isRefused = method === 'end' && this.keeper.hasFailed();
      return this.#call(method, parameters);
    }
    this.#hold(method, parameters);
    return method === 'write' ? false : this.response;
  }

  #holds(method: Method): boolean {
    if (this.#held) return true;
    // Once a byte has left, only the end is another chance to store what changed since.
    return (!this.#hasBegun() || method === 'end') && !this.keeper.isSettled();
  }

  #hold(method: Method, parameters: unknown[]): void {
    const isFirst = this.#held === undefined;
    this.#held ??= [];
    const isEnded = this.#held.some(([held]) => held === 'end');
    if (!isEnded) this.#held.push([method, parameters]);
    if (isFirst) void this.#settle();
  }

  async #settle(): Promise<void> {
    try {
      await this.keeper.settle();
    } catch (error) {
      this.keeper.giveUp(error as Error);
      return this.#refuse(error as Error);
    }
    this.#letGo();
  }

  #letGo(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const [method, parameters] of held) this.#call(method, parameters);
    if (!this.response.writableNeedDrain) this.response.emit('drain');
  }

  #refuse(error: Error): void {
    this.#held = undefined;
    this.#isRefused = true;
    // Half an answer cannot be taken back; cut off, it is not taken for a whole one.
    if (this.#hasBegun()) return void this.response.destroy();
    for (const name of HEADERS_OF_THE_ANSWER) this.response.removeHeader(name);
    const status = error instanceof HttpException ? error.getStatus() : HttpStatus.INTERNAL_SERVER_ERROR;
    const message = error instanceof HttpException ? error.getResponse() : 'Internal server error';
    const body = JSON.stringify({ statusCode: status, message });
    announceRetry(this.response, error);
    const headers: OutgoingHttpHeaders = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) };
    this.response.statusMessage = '';
    this.#call('writeHead', [status, headers]);
    this.#call('end', this.request.method === 'HEAD' ? [] : [body]);
    // Who still writes shall come to an end.
    this.response.emit('drain');
  }

  #call(method: Method, parameters: unknown[]): unknown {
    this.#depth++;
    try {
      return this.#original[method].apply(this.response, parameters);
    } finally {
      this.#depth--;
    }
  }
}

function inheritedGetter(target: object, name: string): () => unknown {
  return () => Reflect.get(Object.getPrototypeOf(target) as object, name, target);
}
