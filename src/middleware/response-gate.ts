import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { HttpException, HttpStatus } from '@nestjs/common';
import { callWhenOver } from '../http/end-callback.js';
import { keepErrorHeaders } from '../http/error-headers.js';
import { headersSentError, writeAfterEndError } from '../http/node-errors.js';
import { destroyPipedSources } from '../http/piped-sources.js';
import { bodyOf, hasCallback, refuseWrongBody } from '../http/response-body.js';
import { applyHead, refuseWrongStatus } from '../http/response-head.js';
import { announceRetry } from '../http/retry-after.js';
import { asError } from '../shared/thrown.js';
import { RedirectedDrain } from './redirected-drain.js';
import { SentHead } from './sent-head.js';

/** What the gate asks and does before a response may leave. */
export interface GatedSession {
  /** Whether a response may leave at once. */
  isSettled(): boolean;
  /** Settles what is not. */
  commit(): Promise<void>;
  /** Settling failed: the response becomes an error, without a cookie. */
  giveUp(error: Error): void;
  /** Why settling has failed, here or before. */
  failure(): Error | undefined;
  /** express-session's hook on the head or the end of the response is about to run. */
  beginHook(isHead: boolean): void;
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

/** A response's methods, as they were before the gate. No literal: see `RequestSession`. */
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
  readonly #drain: RedirectedDrain | undefined;
  #held: Call[] | undefined;
  /** What was held and has not reached Node yet. */
  #unsent: Call[] | undefined;
  #sentHead: SentHead | undefined;
  /** Middleware that waits for the head is told of it, and nothing is written yet. */
  #isHeadImplied = false;
  /** The caller has ended the response, whether or not the end was held. */
  #hasEnded = false;
  /** The status when the answer was held: what is set later is too late. */
  #status: Pick<ServerResponse, 'statusCode' | 'statusMessage'> | undefined;
  /** An error has taken the answer's place. */
  #isRefused = false;
  /** Calls under way: Node and express-session call the response's methods from within one another. */
  #depth = 0;

  private constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly gated: GatedSession,
    private readonly endResponse: ResponseMethod,
  ) {
    this.#original = new Methods(response);
    this.#hasBegun = inheritedGetter(response, 'headersSent') as () => boolean;
    if (RedirectedDrain.isIn(response)) this.#drain = new RedirectedDrain(response, () => this.#held !== undefined || !this.#hasBegun());
  }

  /**
   * Puts a gate before the response.
   *
   * @param endResponse the response's `end` without express-session's hook
   */
  static install(request: IncomingMessage, response: ServerResponse, gated: GatedSession, endResponse: ResponseMethod): void {
    Object.defineProperty(response, GATE, { value: new ResponseGate(request, response, gated, endResponse), configurable: true });
    Object.defineProperties(response, PROPERTIES);
  }

  /** express-session's hook on the head of this response has run. */
  static endHook(response: ServerResponse): void {
    (response as Partial<Gated>)[GATE]?.gated.endHook();
  }

  /** Whether the response counts as sent. A held answer does: a second one is refused. */
  isSent(): boolean {
    return this.#held !== undefined || this.#hasBegun();
  }

  /** Takes a call of one of the response's methods. */
  pass(method: Method, given: unknown[]): unknown {
    if (this.#depth > 0) return this.#call(method, given);
    if (this.#isHeadImplied) return this.response;
    if (this.#isRefused) return this.#passOver(method, given, this.gated.failure());
    const parameters = method === 'writeHead' ? this.#takeHead(given) : given;
    if (this.#isLate(method)) return this.#passLate(method, parameters);
    if (this.#holds(method)) return this.#hold(method, parameters);
    const failure = this.gated.failure();
    // The session was given up, by Nest's pipeline or by a handler: only an error may say so.
    if (failure && !this.#hasBegun() && this.#statusOf(method, parameters) < 400) {
      this.#refuse(failure);
      return this.#passOver(method, parameters, failure);
    }
    const result = this.#callOrRefuse(method, parameters);
    if (method !== 'end') return result;
    this.#hasEnded = true;
    // An error that Nest sends takes the answer's place: what a stream still writes then is not for the client.
    this.#isRefused ||= failure !== undefined;
    return result;
  }

  /** express-session's hooks throw for a session that an app has broken. They would throw for every other answer too. */
  #callOrRefuse(method: Method, parameters: unknown[]): unknown {
    const before = this.gated.failure();
    try {
      return this.#call(method, parameters);
    } catch (error) {
      const failure = this.gated.failure();
      if (!failure || failure === before) throw error;
      this.#refuse(failure);
      return this.#passOver(method, parameters, failure);
    }
  }

  /** Passes over a call whose answer is refused. A loop that waits for `drain` goes on. */
  #passOver(method: Method, parameters: unknown[], failure: Error | undefined): unknown {
    callBack([[method, parameters]], failure);
    return method === 'write' ? true : this.response;
  }

  /** What the caller gives wrong is the caller's to know: express-session's hook on the head would take it for its own error. */
  #takeHead(parameters: unknown[]): unknown[] {
    if (this.response.headersSent) throw headersSentError('write');
    return applyHead(this.response, parameters);
  }

  #isLate(method: Method): boolean {
    return (method === 'write' || method === 'end') && (this.#hasEnded || this.response.writableEnded);
  }

  /**
   * A body after the end adds no byte, and its callback gets Node's error. Node also emits an error that ends the process if it has
   * no listener; express-session passes over a second end, and so does the gate.
   */
  #passLate(method: Method, parameters: unknown[]): unknown {
    const { parameters: body, callback } = bodyOf(parameters);
    if (method === 'write') refuseWrongBody(method, parameters);
    if (method === 'end' && body.length === 0) {
      if (callback) callWhenOver(this.response, callback);
      return this.response;
    }
    destroyPipedSources(this.response);
    return this.#passOver(method, parameters, writeAfterEndError());
  }

  #statusOf(method: Method, [status]: unknown[]): number {
    return method === 'writeHead' && typeof status === 'number' ? status : this.response.statusCode;
  }

  #holds(method: Method): boolean {
    if (this.#held) return true;
    // Once a byte has left, only the end is another chance to store what changed since.
    return (!this.#hasBegun() || method === 'end') && !this.gated.isSettled();
  }

  #hold(method: Method, parameters: unknown[]): unknown {
    if (method === 'write' || method === 'end') refuseWrongBody(method, parameters);
    if (!this.#held && !this.#hasBegun() && method !== 'writeHead') {
      refuseWrongStatus(this.response.statusCode);
      if (method !== 'end') this.#implyHead();
    }
    if (!this.#held) this.#beginHold();
    if (method !== 'flushHeaders' || !this.#hasEnded) this.#held?.push([method, parameters]);
    if (method === 'end') this.#hasEnded = true;
    return method === 'write' ? false : this.response;
  }

  /**
   * Node would write the head now, so middleware mounted after the sessions decides now what becomes of the body. Its `writeHead` is
   * taken away afterwards, because it must not run again when the head is written.
   */
  #implyHead(): void {
    const own = PROPERTIES.writeHead;
    if (this.response.writeHead === own.value) return;
    this.#isHeadImplied = true;
    try {
      this.response.writeHead(this.response.statusCode);
    } finally {
      this.#isHeadImplied = false;
    }
    Object.defineProperty(this.response, 'writeHead', own);
  }

  #beginHold(): void {
    const { statusCode, statusMessage } = this.response;
    this.#status = { statusCode, statusMessage };
    this.#held = [];
    if (!this.#hasBegun()) this.#sentHead = new SentHead(this.response);
    void this.#commit();
  }

  #endHold(): void {
    this.#unsent = this.#held ?? this.#unsent;
    this.#held = undefined;
    this.#sentHead?.lift();
    this.#sentHead = undefined;
  }

  async #commit(): Promise<void> {
    try {
      await this.#settleAll();
      this.#letGo();
    } catch (error) {
      const failure = asError(error);
      this.gated.giveUp(failure);
      this.#refuse(failure);
    }
  }

  /** A handler may change the session while an answer is held. */
  async #settleAll(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      await this.gated.commit();
      if (!this.gated.isSettled()) continue;
      const failure = this.gated.failure();
      if (failure) throw failure;
      return;
    }
    throw new Error(
      `The session was changed again during each of ${MOST_ROUNDS} commits before its response. Answer when all changes are made.`,
    );
  }

  #letGo(): void {
    this.#endHold();
    if (!this.#hasBegun()) Object.assign(this.response, this.#status);
    let mustDrain = false;
    for (const [method, parameters] of this.#unsent?.slice() ?? []) {
      const result = this.#call(method, parameters);
      // Without room the stream that is full emits `drain` later; after the end nothing does.
      mustDrain = method === 'write' && result !== false;
      this.#unsent?.shift();
    }
    if (mustDrain) this.#emitDrain();
  }

  #emitDrain(): void {
    const redirected = this.#drain?.take() ?? [];
    this.response.emit('drain');
    for (const listener of redirected) listener.call(this.response);
  }

  #refuse(error: Error): void {
    this.#endHold();
    callBack(this.#unsent ?? [], error);
    this.#unsent = undefined;
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
    // A loop that still writes must come to its end.
    this.#emitDrain();
  }

  #call(method: Method, parameters: unknown[]): unknown {
    if (method === 'writeHead') return this.#hooked(method, parameters);
    if (method !== 'end') return this.#within(this.#original[method], parameters);
    return this.#end(parameters);
  }

  #end(parameters: unknown[]): unknown {
    if (!hasCallback(parameters)) return this.#endNow(parameters);
    const { parameters: body, callback } = bodyOf(parameters);
    const stopWaiting = callback && callWhenOver(this.response, callback);
    try {
      return this.#endNow(body);
    } catch (error) {
      stopWaiting?.();
      throw error;
    }
  }

  #endNow(parameters: unknown[]): unknown {
    // Node takes every falsy chunk for none; express-session makes a Buffer of it.
    const body = parameters[0] ? parameters : [];
    const isPlain = this.#depth === 0 && this.gated.isDone();
    return isPlain ? this.#within(this.endResponse, body) : this.#hooked('end', body);
  }

  /** Calls a method that express-session has a hook on. */
  #hooked(method: 'writeHead' | 'end', parameters: unknown[]): unknown {
    this.gated.beginHook(method === 'writeHead');
    try {
      return this.#within(this.#original[method], parameters);
    } catch (error) {
      if (this.gated.isInHook()) this.gated.giveUp(asError(error));
      throw error;
    } finally {
      this.gated.endHook();
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
}

function through(method: Method): PropertyDescriptor {
  const value = function (this: Gated, ...parameters: unknown[]) {
    return this[GATE].pass(method, parameters);
  };
  return { value, writable: true, configurable: true };
}

/** The same for every response: with functions of its own each would have a hidden class of its own, and all that Node does with it be slow. */
const PROPERTIES = {
  writeHead: through('writeHead'),
  flushHeaders: through('flushHeaders'),
  write: through('write'),
  end: through('end'),
  headersSent: {
    get(this: Gated) {
      return this[GATE].isSent();
    },
    configurable: true,
  },
} satisfies PropertyDescriptorMap;

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
