import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { HttpException, HttpStatus } from '@nestjs/common';
import { keepErrorHeaders } from '../http/error-headers.js';
import { destroyPipedSources } from '../http/piped-sources.js';
import { announceRetry } from '../http/retry-after.js';
import { asError } from '../security/thrown.js';

/** What the gate asks and does before a response may leave. */
export interface GateKeeper {
  /** Whether a response may leave at once. */
  isSettled(): boolean;
  /** Settles what is not. */
  settle(): Promise<void>;
  /** Settling failed: the response becomes an error, without a cookie. */
  giveUp(error: Error): void;
  /** Why settling has failed, here or before. */
  failure(): Error | undefined;
  /** express-session's hook on the head or the end of the response is about to run. */
  beginHook(): void;
  /** The hook has run. */
  endHook(): void;
  /** Whether it still runs: what is thrown then is express-session's. */
  isInHook(): boolean;
  /** Whether express-session would find nothing to do at the end of a response whose session is settled. */
  isDone(): boolean;
}

/** One of a response's own methods. */
export type ResponseMethod = (...parameters: any[]) => unknown;

type Method = 'writeHead' | 'flushHeaders' | 'write' | 'end';
type Call = readonly [method: Method, parameters: unknown[]];

/** A response's methods, as they were before the gate. No literal: see `SessionKeeper`. */
class Methods implements Record<Method, ResponseMethod> {
  readonly writeHead: ResponseMethod;
  readonly flushHeaders: ResponseMethod;
  readonly write: ResponseMethod;
  readonly end: ResponseMethod;

  constructor({ writeHead, flushHeaders, write, end }: ServerResponse) {
    this.writeHead = writeHead;
    this.flushHeaders = flushHeaders;
    this.write = write;
    this.end = end;
  }
}

/** Where a response has its gate. */
const GATE = Symbol('ResponseGate');

type Gated = ServerResponse & { readonly [GATE]: ResponseGate };

/** So often a session may change again while its response is held. */
const MOST_ROUNDS = 10;

/**
 * Holds a response back until its session is stored. Whatever a handler, a guard, a filter or a
 * middleware calls to answer with waits here, and goes on in its order; when storing fails, the
 * client gets an error in its place. Stands outside express-session's own hook on `end`, which
 * would let the answer go first; where that hook would find nothing to do, it is passed by: it hashes
 * the session twice to find that out.
 */
export class ResponseGate {
  readonly #original: Methods;
  readonly #hasBegun: () => boolean;
  #held: Call[] | undefined;
  /** The status when the answer was held: what is set later is too late. */
  #status: Pick<ServerResponse, 'statusCode' | 'statusMessage'> | undefined;
  /** An error has taken the answer's place. */
  #isRefused = false;
  /** Calls under way: Node and express-session call the response's methods from within one another. */
  #depth = 0;

  private constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly keeper: GateKeeper,
    private readonly endResponse: ResponseMethod,
  ) {
    this.#original = new Methods(response);
    this.#hasBegun = inheritedGetter(response, 'headersSent') as () => boolean;
  }

  /**
   * Puts a gate before the response.
   *
   * @param endResponse the response's `end` without express-session's hook
   */
  static install(request: IncomingMessage, response: ServerResponse, keeper: GateKeeper, endResponse: ResponseMethod): void {
    Object.defineProperty(response, GATE, { value: new ResponseGate(request, response, keeper, endResponse), configurable: true });
    Object.defineProperties(response, ResponseGate.#properties);
  }

  /** express-session's hook on the head of this response has run. */
  static endHook(response: ServerResponse): void {
    (response as Partial<Gated>)[GATE]?.keeper.endHook();
  }

  static #through(method: Method): PropertyDescriptor {
    const value = function (this: Gated, ...parameters: unknown[]) {
      return this[GATE].#pass(method, parameters);
    };
    return { value, writable: true, configurable: true };
  }

  /** The same for every response: with functions of its own each would have a hidden class of its own, and all that Node does with it be slow. */
  static readonly #properties: PropertyDescriptorMap = {
    writeHead: ResponseGate.#through('writeHead'),
    flushHeaders: ResponseGate.#through('flushHeaders'),
    write: ResponseGate.#through('write'),
    end: ResponseGate.#through('end'),
    headersSent: {
      get(this: Gated) {
        const gate = this[GATE];
        // A held answer counts as sent: nobody shall answer twice.
        return gate.#held !== undefined || gate.#hasBegun();
      },
      configurable: true,
    },
  };

  #pass(method: Method, parameters: unknown[]): unknown {
    if (this.#depth > 0) return this.#call(method, parameters);
    if (!this.#isRefused && this.#holds(method)) {
      refuseWrongBody(method, parameters);
      this.#hold(method, parameters);
      return method === 'write' ? false : this.response;
    }
    const failure = this.keeper.failure();
    // The session was given up, by Nest's pipeline or by a handler: only an error may say so.
    if (failure && !this.#isRefused && !this.#hasBegun() && this.#statusOf(method, parameters) < 400) this.#refuse(failure);
    if (this.#isRefused) {
      callBack([[method, parameters]], failure);
      return method === 'write' ? true : this.response;
    }
    // An error that Nest sends takes the answer's place: what a stream still writes then is not for the client.
    this.#isRefused = method === 'end' && failure !== undefined;
    return this.#callOrRefuse(method, parameters);
  }

  /** express-session's hooks throw for a session that an app has broken. They would throw for every other answer too. */
  #callOrRefuse(method: Method, parameters: unknown[]): unknown {
    const before = this.keeper.failure();
    try {
      return this.#call(method, parameters);
    } catch (error) {
      const failure = this.keeper.failure();
      if (!failure || failure === before) throw error;
      this.#refuse(failure);
      return method === 'write' ? true : this.response;
    }
  }

  #statusOf(method: Method, [status]: unknown[]): number {
    return method === 'writeHead' && typeof status === 'number' ? status : this.response.statusCode;
  }

  #holds(method: Method): boolean {
    if (this.#held) return true;
    // Once a byte has left, only the end is another chance to store what changed since.
    return (!this.#hasBegun() || method === 'end') && !this.keeper.isSettled();
  }

  #hold(method: Method, parameters: unknown[]): void {
    if (!this.#held) {
      const { statusCode, statusMessage } = this.response;
      this.#status = { statusCode, statusMessage };
      this.#held = [];
      void this.#settle();
    }
    const isEnded = this.#held.some(([held]) => held === 'end');
    // Who sees no header sent yet asks for it again.
    const isHeader = method === 'writeHead' || method === 'flushHeaders';
    if (!isEnded && !(isHeader && this.#held.length > 0)) this.#held.push([method, parameters]);
  }

  async #settle(): Promise<void> {
    try {
      await this.#settleAll();
      this.#letGo();
    } catch (error) {
      const failure = asError(error);
      this.keeper.giveUp(failure);
      this.#refuse(failure);
    }
  }

  /** A handler may change the session while an answer is held. */
  async #settleAll(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      await this.keeper.settle();
      if (!this.keeper.isSettled()) continue;
      const failure = this.keeper.failure();
      if (failure) throw failure;
      return;
    }
    throw new Error(`The session was changed again during each of ${MOST_ROUNDS} commits before its response. Answer when all changes are made.`);
  }

  #letGo(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (!this.#hasBegun()) Object.assign(this.response, this.#status);
    for (const [method, parameters] of held) this.#call(method, parameters);
    if (!this.response.writableNeedDrain) this.response.emit('drain');
  }

  #refuse(error: Error): void {
    callBack(this.#held ?? [], error);
    this.#held = undefined;
    this.#isRefused = true;
    destroyPipedSources(this.response);
    // Half an answer cannot be taken back; cut off, it is not taken for a whole one.
    if (this.#hasBegun()) return void this.response.destroy();
    keepErrorHeaders(this.response);
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
    if (method === 'writeHead') return this.#hooked(method, parameters);
    if (method !== 'end') return this.#within(this.#original[method], parameters);
    const isOuter = this.#depth === 0;
    // Node would take it for an error that nobody catches; express-session passes over it.
    if (isOuter && this.response.writableEnded) return this.response;
    if (isOuter && this.keeper.isDone()) return this.#within(this.endResponse, parameters);
    return this.#hooked('end', this.#withoutCallback(parameters));
  }

  /** Calls a method that express-session has a hook on. */
  #hooked(method: 'writeHead' | 'end', parameters: unknown[]): unknown {
    this.keeper.beginHook();
    try {
      return this.#within(this.#original[method], parameters);
    } catch (error) {
      if (this.keeper.isInHook()) this.keeper.giveUp(asError(error));
      throw error;
    } finally {
      this.keeper.endHook();
    }
  }

  #within(call: ResponseMethod, parameters: unknown[]): unknown {
    this.#depth++;
    try {
      return call.apply(this.response, parameters);
    } finally {
      this.#depth--;
    }
  }

  /** express-session's `end` forgets a callback, or takes it for the body. Calls it when Node would. */
  #withoutCallback(parameters: unknown[]): unknown[] {
    const callback = parameters.at(-1);
    if (typeof callback !== 'function') return parameters;
    this.response.once('finish', callback as () => void);
    return parameters.slice(0, -1);
  }
}

/** What Node refuses to write, it must refuse to the caller, not when the answer is let go. */
function refuseWrongBody(method: Method, [body]: unknown[]): void {
  const isBody = typeof body === 'string' || body instanceof Uint8Array;
  const isNoBody = method === 'end' && (body === undefined || body === null || typeof body === 'function');
  if (method === 'writeHead' || method === 'flushHeaders' || isBody || isNoBody) return;
  throw new TypeError(`The response's body must be a string, a Buffer or a Uint8Array; ${typeof body} was given.`);
}

/** Tells who waits for a call that will not be made. */
function callBack(calls: readonly Call[], error: Error | undefined): void {
  for (const [, parameters] of calls) {
    const callback = parameters.at(-1);
    if (typeof callback === 'function') process.nextTick(callback as () => void, error);
  }
}

function inheritedGetter(target: object, name: string): () => unknown {
  return () => Reflect.get(Object.getPrototypeOf(target) as object, name, target);
}
