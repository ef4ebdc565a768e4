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

/** The session, as the gate of its response sees it. */
export interface GatedSession {
  /** Whether the response may be sent immediately. */
  isSettled(): boolean;
  /** Commits or destroys the session as needed. */
  commit(): Promise<void>;
  /** Abandons the session after a failed commit: the response becomes an error without a cookie. */
  giveUp(error: Error): void;
  /** Returns why settling has failed, here or earlier. */
  failure(): Error | undefined;
  /** Is called before express-session's hook on the head or the end of the response runs. */
  beginHook(isHead: boolean): void;
  /** Is called after the hook has run. */
  endHook(): void;
  /** Whether the hook still runs. An error at that time comes from express-session. */
  isInHook(): boolean;
  /** Whether express-session has nothing to do at the end of a response whose session is settled. */
  isDone(): boolean;
}

/** A response. Middleware that compresses the body adds `flush`, which sends what was written so far. */
type Flushable = ServerResponse & { flush?: ResponseMethod };

/** One of a response's own methods. */
export type ResponseMethod = (...parameters: any[]) => unknown;

type Method = 'writeHead' | 'flushHeaders' | 'write' | 'end' | 'flush';
type Call = readonly [method: Method, parameters: unknown[]];

/** A response's methods from before the gate. Not an object literal: see `RequestSession`. */
class Methods implements Record<Method, ResponseMethod> {
  readonly writeHead: ResponseMethod;
  readonly flushHeaders: ResponseMethod;
  readonly write: ResponseMethod;
  readonly end: ResponseMethod;
  readonly flush: ResponseMethod;

  constructor({ writeHead, flushHeaders, write, end, flush = doNothing }: Flushable) {
    this.writeHead = writeHead;
    this.flushHeaders = flushHeaders;
    this.write = write;
    this.end = end;
    this.flush = flush;
  }
}

/** The property of a response that contains its gate. */
const GATE = Symbol('ResponseGate');

type Gated = ServerResponse & { readonly [GATE]: ResponseGate };

/** How often a session may change again while its response is held. */
const MOST_ROUNDS = 10;

/**
 * Holds a response back until its session is stored. One file, because its methods share the state of one held
 * response.
 *
 * Calls of the response's methods wait here, from handlers, guards, filters and middleware. After the commit they run
 * in their order. If the commit fails, the client gets an error instead.
 *
 * The gate is outside express-session's own hook on `end`, because that hook would send the answer first. If the hook
 * has nothing to do, the gate skips it: the hook hashes the session twice to find that out.
 */
export class ResponseGate {
  readonly #original: Methods;
  readonly #drain: RedirectedDrain | undefined;
  #held: Call[] | undefined;
  /** The held calls that have not reached Node yet. */
  #unsent: Call[] | undefined;
  #sentHead: SentHead | undefined;
  /** Whether middleware that waits for the head is being called, although the head is not written yet. */
  #isHeadImplied = false;
  /** The status when the answer was first held. A later change is ignored. */
  #status: Partial<Pick<ServerResponse, 'statusCode' | 'statusMessage'>> | undefined;
  /** Whether an error has replaced the answer. */
  #isRefused = false;
  /** The depth of nested calls: Node and express-session call the response's methods from within one another. */
  #depth = 0;

  private constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly gated: GatedSession,
    private readonly endResponse: ResponseMethod,
  ) {
    this.#original = new Methods(response);
    if (RedirectedDrain.isIn(response)) this.#drain = new RedirectedDrain(response, () => this.#held !== undefined || !this.#hasBegun);
  }

  /**
   * Installs a gate on the response.
   *
   * @param endResponse the response's `end` without express-session's hook
   */
  static install(request: IncomingMessage, response: Flushable, gated: GatedSession, endResponse: ResponseMethod): void {
    Object.defineProperty(response, GATE, { value: new ResponseGate(request, response, gated, endResponse), configurable: true });
    Object.assign(response, METHODS);
    if ('flush' in response) response.flush = FLUSH;
  }

  /** Is called after express-session's hook on the head of this response has run. */
  static endHook(response: ServerResponse): void {
    (response as Partial<Gated>)[GATE]?.gated.endHook();
  }

  /** Handles a call of one of the response's methods. */
  pass(method: Method, given: unknown[]): unknown {
    if (this.#depth > 0) return this.#call(method, given);
    if (this.#isHeadImplied) return this.response;
    if (this.#isRefused) return this.#passOver(method, given, this.gated.failure());
    const parameters = method === 'writeHead' ? this.#takeHead(given) : given;
    if (this.#isLate(method)) return this.#passLate(method, parameters);
    if (this.#holds(method)) return this.#hold(method, parameters);
    const failure = this.gated.failure();
    // A commit in Nest's pipeline or in a handler has failed. Only an error may be sent now.
    if (failure && !this.#hasBegun && this.#statusOf(method, parameters) < 400) {
      this.#refuse(failure);
      return this.#passOver(method, parameters, failure);
    }
    const result = this.#callOrRefuse(method, parameters);
    if (method !== 'end') return result;
    this.#noteEnd();
    // Nest's error replaces the answer. What a stream still writes must not reach the client.
    this.#isRefused ||= failure !== undefined;
    return result;
  }

  /** Calls a method. express-session's hooks throw for a session that an app has broken, and would throw for every other answer too. */
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

  /** Skips a call whose answer is refused. A loop that waits for `drain` continues. */
  #passOver(method: Method, parameters: unknown[], failure: Error | undefined): unknown {
    callBack([[method, parameters]], failure);
    return method === 'write' ? true : this.response;
  }

  /** Checks the caller's parameters first, because express-session's hook on the head would treat their error as its own. */
  #takeHead(parameters: unknown[]): unknown[] {
    if (this.response.headersSent) throw headersSentError('write');
    return applyHead(this.response, parameters);
  }

  /** Whether the head is sent, or counts as sent because the answer is held. A second answer is refused then. */
  get #hasBegun(): boolean {
    return this.response.headersSent;
  }

  /** A held end counts as the end. Fastify and middleware ask this before they answer once more. */
  #noteEnd(): void {
    if (!this.response.writableEnded) Object.defineProperty(this.response, 'writableEnded', { value: true, configurable: true });
  }

  #isLate(method: Method): boolean {
    return (method === 'write' || method === 'end') && this.response.writableEnded;
  }

  /**
   * Skips a body after the end and passes Node's error to its callback. Node would also emit an error, which ends the process if
   * there is no listener. express-session skips a second end, and so does the gate.
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
    if (this.#held || method === 'flush') return this.#held !== undefined;
    // After the first byte, only the end is another chance to store what has changed since.
    return (!this.#hasBegun || method === 'end') && !this.gated.isSettled();
  }

  #hold(method: Method, parameters: unknown[]): unknown {
    if (method === 'write' || method === 'end') refuseWrongBody(method, parameters);
    if (!this.#held && !this.#hasBegun && method !== 'writeHead') {
      refuseWrongStatus(this.response.statusCode, this.#isHttp2 ? undefined : this.response.statusMessage);
      if (method !== 'end') this.#implyHead();
    }
    if (!this.#held) this.#beginHold();
    if (method !== 'flushHeaders' || !this.response.writableEnded) this.#held?.push([method, parameters]);
    if (method === 'end') this.#noteEnd();
    return method === 'write' ? false : this.response;
  }

  /**
   * Lets middleware that is mounted after the sessions decide now what happens to the body, because Node would write the head
   * now. Its `writeHead` is then removed, because it must not run again when the head is written.
   */
  #implyHead(): void {
    if (this.response.writeHead === METHODS.writeHead) return;
    this.#isHeadImplied = true;
    try {
      this.response.writeHead(this.response.statusCode);
    } finally {
      this.#isHeadImplied = false;
    }
    this.response.writeHead = METHODS.writeHead;
  }

  #beginHold(): void {
    const { statusCode } = this.response;
    this.#status = this.#isHttp2 ? { statusCode } : { statusCode, statusMessage: this.response.statusMessage };
    this.#held = [];
    if (!this.#hasBegun) this.#sentHead = new SentHead(this.response);
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

  /** Commits until the session is settled, because a handler may change it while an answer is held. */
  async #settleAll(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      await this.gated.commit();
      if (!this.gated.isSettled()) continue;
      const failure = this.gated.failure();
      if (failure) throw failure;
      return;
    }
    throw new Error(
      `The session was changed again during each of ${MOST_ROUNDS} commits before its response. Send the answer after all changes.`,
    );
  }

  #letGo(): void {
    this.#endHold();
    if (!this.#hasBegun) Object.assign(this.response, this.#status);
    if (this.response.finished) return this.#drop();
    let mustDrain = false;
    for (const [method, parameters] of this.#unsent?.slice() ?? []) {
      const result = this.#call(method, parameters);
      // A full stream emits `drain` itself later. After the end no `drain` is due.
      if (method === 'write') mustDrain = result !== false;
      else if (method === 'end') mustDrain = false;
      this.#unsent?.shift();
    }
    if (mustDrain) this.#emitDrain();
  }

  /** A program has ended the response by a method from before the gate. */
  #drop(): void {
    callBack(this.#unsent ?? [], writeAfterEndError());
    this.#unsent = undefined;
    this.#emitDrain();
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
    // A partial answer cannot be taken back. Closing the connection shows that it is incomplete. HTTP/2 closes only the stream, and
    // needs an error for that. HTTP/1 would report the error as the client's.
    if (this.#hasBegun) return void this.response.destroy(this.#isHttp2 ? error : undefined);
    try {
      this.#sendError(error);
    } catch (thrown) {
      this.gated.giveUp(asError(thrown));
      this.response.destroy();
    }
    // A loop that still writes must end.
    this.#emitDrain();
  }

  #sendError(error: Error): void {
    keepErrorHeaders(this.response);
    const status = error instanceof HttpException ? error.getStatus() : HttpStatus.INTERNAL_SERVER_ERROR;
    const message = error instanceof HttpException ? error.getResponse() : 'Internal server error';
    const body = JSON.stringify({ statusCode: status, message });
    announceRetry(this.response, error);
    const headers: OutgoingHttpHeaders = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) };
    if (!this.#isHttp2) this.response.statusMessage = '';
    try {
      this.#call('writeHead', [status, headers]);
    } catch (thrown) {
      // A hook of the app has thrown. The head is written without it, because the client waits for an answer.
      this.gated.giveUp(asError(thrown));
      this.#within((Object.getPrototypeOf(this.response) as ServerResponse).writeHead, [status, headers]);
    }
    this.#call('end', this.request.method === 'HEAD' ? [] : [body]);
  }

  /** HTTP/2 has no status message: Node warns about each use of it. */
  get #isHttp2(): boolean {
    return this.request.httpVersionMajor === 2;
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
    // Node treats every falsy chunk as none. express-session would make a Buffer of it.
    const body = parameters[0] ? parameters : [];
    const isPlain = this.#depth === 0 && this.gated.isDone();
    return isPlain ? this.#within(this.endResponse, body) : this.#hooked('end', body);
  }

  /** Calls a method that express-session hooks. */
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

function through(method: Method) {
  return function (this: ServerResponse, ...parameters: unknown[]): any {
    return (this as Gated)[GATE].pass(method, parameters);
  };
}

/**
 * Shared by all responses. With its own functions, each response would have its own hidden class, which makes Node slow. They are
 * assigned, as express-session does it, because redefining a property takes longer.
 */
const METHODS = {
  writeHead: through('writeHead'),
  flushHeaders: through('flushHeaders'),
  write: through('write'),
  end: through('end'),
} as const;

const FLUSH = through('flush');

function doNothing(): void {}

/** Notifies the callbacks of calls that will not be made. */
function callBack(calls: readonly Call[], error: Error | undefined): void {
  for (const [, parameters] of calls) {
    const callback = parameters.at(-1);
    if (typeof callback === 'function') process.nextTick(callback as () => void, error);
  }
}
