import { HttpException, HttpStatus, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { Observable, throwError, type Subscriber } from 'rxjs';
import { isUpgrade } from '../http/upgrade.js';
import { pathOf } from '../http/request-path.js';
import { announceRetry } from '../http/retry-after.js';
import { LOCK_SESSION } from '../locking/lock-session.decorator.js';
import type { LockRequest } from '../locking/lock-limits.js';
import { SessionLocker } from '../locking/session-locker.js';
import { SessionProtocol } from '../protocol/session-protocol.js';
import { CurrentPlatform } from '../platforms/current-platform.js';
import { SessionLogger } from '../security/session-logger.js';
import { asError } from '../shared/thrown.js';
import { SessionContextError, SessionError, SessionUnavailableError } from '../smart-session.errors.js';
import { answersItself } from './late-answer.js';
import { withGeneralErrors } from './general-errors.js';
import { handleLocked } from './locked-handler.js';

/**
 * Commits after each handler, while the response can still become an error: after a value, a promise, each value of an
 * observable, and a thrown error. Holds the session's lock around handlers that ask for it and their commit. It is one
 * interceptor and one operator, because every request pays for each observable that Nest makes.
 */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  readonly #logger = new SessionLogger();

  constructor(
    private readonly reflector: Reflector,
    private readonly locker: SessionLocker,
    private readonly protocol: SessionProtocol,
    private readonly platform: CurrentPlatform,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const handled = this.#handle(context, next);
    return context.getType<string>() === 'graphql' ? withGeneralErrors(handled, (error) => this.#tell(nameOf(context), error)) : handled;
  }

  #handle(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = this.platform.requestOf(context);
    const isHttp = context.getType() === 'http';
    const lock = this.reflector.getAllAndOverride<LockRequest | undefined>(LOCK_SESSION, [context.getHandler(), context.getClass()]);
    if (!request || !this.protocol.states.isServing(request)) {
      if (lock && !(isHttp && request)) return throwError(() => new SessionContextError(nameOf(context), context.getType()));
      return next.handle();
    }
    // The response of a resolver waits for the commit of all resolvers of the request, so that none is stored alone.
    if (!isHttp && !lock && !isUpgrade(request)) return next.handle();
    const response = isHttp ? this.platform.responseOf(context) : undefined;
    const commit: Commit = (isLast) => this.#commit({ context, request, response }, isLast);
    const tell: Tell = (error) => isHttp && isFault(error) && this.#tell(placeOf(request), error);
    if (!lock || !request.session) return afterCommit(next.handle(), commit, tell);
    const exchange = { request, response, answersItself: isHttp && answersItself(context) };
    return handleLocked(exchange, { handle: () => afterCommit(next.handle(), commit, tell, !exchange.answersItself) }, this.locker, lock);
  }

  /** Resolves when everything is stored; undefined if everything is. */
  #commit(call: Call, isLast: boolean): Promise<void> | undefined {
    const { states, committer } = this.protocol;
    const { session } = call.request;
    if (!session || states.isUntouched(session)) return undefined;
    // An interceptor of the app holds a transaction around handler and commit: the gate commits when it has ended.
    if (committer.isInTransaction) return undefined;
    return committer.commitForResponse(session, undefined, isLast).catch((thrown: unknown) => {
      const error = asError(thrown);
      const isToldByGate = states.failureOf(session) !== undefined;
      states.abandon(session, error);
      if (!this.#mayHaveAnswered(call)) {
        if (call.response) announceRetry(call.response, error);
        throw error;
      }
      if (!isToldByGate) this.#tell(placeOf(call.request), error);
    });
  }

  /**
   * Whether a handler may have sent an answer that has not reached the gate yet. The gate makes an error of it. An error of the
   * interceptor would be a second answer, with the headers of the first.
   */
  #mayHaveAnswered({ response, context }: Call): boolean {
    return response !== undefined && this.platform.delaysAnswers && answersItself(context);
  }

  /** Logs an error of which the client gets only a general text, or nothing. The outage log reports unavailable sessions. */
  #tell(place: string, error: Error): void {
    if (!(error instanceof SessionUnavailableError)) this.#logger.error(`${place}: ${error.message}`, error.stack);
  }
}

/** A call of a handler, and the request and the response that it belongs to. */
interface Call {
  readonly context: ExecutionContext;
  readonly request: Request;
  /** Undefined for a resolver. */
  readonly response: Response | undefined;
}

function nameOf(context: ExecutionContext): string {
  return `${context.getClass().name}.${context.getHandler().name}`;
}

function placeOf(request: Request): string {
  return `${request.method} ${pathOf(request)}`;
}

/** Whether the app must fix an error. Nest logs no `HttpException`, so the log would not show why the client got a 500. */
function isFault(error: unknown): error is SessionError {
  return (
    error instanceof SessionError && error instanceof HttpException && error.getStatus() === HttpStatus.INTERNAL_SERVER_ERROR.valueOf()
  );
}

/** Receives each error that goes to the exception filters. */
export type Tell = (error: unknown) => void;

/**
 * Commits what a handler has changed so far; undefined if that is nothing.
 *
 * @param isLast whether the handler emits nothing more
 */
export type Commit = (isLast: boolean) => Promise<void> | undefined;

/**
 * Passes on what a handler emits, in its order: each value, and an error, when what was changed before it is committed.
 * A commit that fails becomes the error. If nothing is left to commit, nothing waits.
 *
 * @param tell receives the error, before it is passed on
 * @param findsLast whether the commit of a value waits for a microtask, to learn whether the value is the last one
 */
export function afterCommit(handled: Observable<unknown>, commit: Commit, tell: Tell, findsLast = false): Observable<unknown> {
  return new Observable((subscriber) => {
    const fail: Tell = (error) => {
      tell(error);
      subscriber.error(error);
    };
    const line = new CommitLine(subscriber, commit, fail);
    let [emitted, isComplete] = [0, false];
    return handled.subscribe({
      next: (value) => {
        const n = ++emitted;
        const passOn = () => subscriber.next(value);
        if (findsLast) line.inTurn(() => Promise.resolve().then(() => line.commitThen(passOn, isComplete && n === emitted)));
        else line.afterCommit(passOn);
      },
      error: (thrown: unknown) => line.afterCommit(() => fail(thrown)),
      complete: () => {
        isComplete = true;
        line.inTurn(() => subscriber.complete());
      },
    });
  });
}

/** Passes on one emission after the other, each after its commit. */
class CommitLine {
  /** Resolves when everything before is passed on; undefined if it is already. */
  #last: Promise<void> | undefined;

  constructor(
    private readonly subscriber: Subscriber<unknown>,
    private readonly commit: Commit,
    private readonly fail: Tell,
  ) {}

  /** Passes on after a commit. */
  afterCommit(passOn: () => void): void {
    this.inTurn(() => this.commitThen(passOn, false));
  }

  /** Commits, and then passes on. */
  commitThen(passOn: () => void, isLast: boolean): Promise<void> | void {
    try {
      const committed = this.commit(isLast);
      return committed ? committed.then(passOn, this.fail) : passOn();
    } catch (error) {
      return this.fail(error);
    }
  }

  /** Takes a step after all steps before, unless the subscriber has left. */
  inTurn(step: () => Promise<void> | void): void {
    if (this.#last) this.#wait(this.#last.then(() => (this.subscriber.closed ? undefined : step())));
    else {
      const taken = step();
      if (taken) this.#wait(taken);
    }
  }

  #wait(last: Promise<void>): void {
    this.#last = last;
    void last.then(() => {
      if (this.#last === last) this.#last = undefined;
    });
  }
}
