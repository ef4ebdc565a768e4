import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { EMPTY, catchError, concat, concatMap, defer, finalize, from, ignoreElements, tap, throwError, Observable } from 'rxjs';
import { LOCK_SESSION } from '../locking/lock-session.decorator.js';
import { announceRetry } from '../http/retry-after.js';
import { answersItself, onAnswer } from './late-answer.js';
import { SessionCommitInterceptor } from './session-commit.interceptor.js';
import { SessionLocker, type LockLimits, type Unlock } from '../locking/session-locker.js';
import { SessionService } from '../services/session.service.js';

/** Commits after each handler, and holds the session's lock around the handlers that ask for it and their commit. */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly locker: SessionLocker,
    private readonly commits: SessionCommitInterceptor,
    private readonly sessions: SessionService,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const limits = this.reflector.getAllAndOverride<LockLimits | undefined>(LOCK_SESSION, [context.getHandler(), context.getClass()]);
    const committed: CallHandler = { handle: () => this.commits.intercept(context, next) };
    if (!limits || context.getType() !== 'http') return committed.handle();
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest<Request>(), http.getResponse<Response>()];
    if (!request.session || !this.sessions.isServing(request)) return committed.handle();
    return this.#locked(request.session, limits).pipe(
      tap({ error: (error) => announceRetry(response, error) }),
      concatMap((unlock) => {
        if (!unlock) return committed.handle();
        return answersItself(context) ? handleUntilAnswer(committed, unlock, response) : handleLocked(committed, unlock);
      }),
    );
  }

  /** Emits when the session is locked. A lock that comes when nobody waits for it any more is given back. */
  #locked(session: object, limits: LockLimits): Observable<Unlock | undefined> {
    return new Observable((subscriber) => {
      this.locker.lock(session, limits).then(
        (unlock) => {
          if (subscriber.closed) return unlock?.();
          subscriber.next(unlock);
          return subscriber.complete();
        },
        (error: unknown) => subscriber.error(error),
      );
    });
  }
}

/**
 * Unlocks before the answer, whatever came of the handler; at once when nobody waits for it any more. After
 * an error the handler may still run, as behind an interceptor that lets it time out: then, as where nobody
 * waits, the session writes nothing more.
 */
function handleLocked(next: CallHandler, unlock: Unlock): Observable<unknown> {
  return concat(failing(next, unlock), defer(() => unlock()).pipe(ignoreElements())).pipe(finalize(() => void unlock(false)));
}

/** The same for a handler that answers by itself: unlocks when it has returned and answered, or when its lease ends. */
function handleUntilAnswer(next: CallHandler, unlock: Unlock, response: Response): Observable<unknown> {
  let isAnswered = false;
  let hasReturned = false;
  const end = () => void unlock(false);
  onAnswer(response, () => {
    isAnswered = true;
    if (hasReturned) end();
  });
  const returned = defer(() => {
    hasReturned = true;
    if (isAnswered) end();
    else unlock.withLease();
    return EMPTY;
  });
  return concat(failing(next, unlock), returned).pipe(finalize(() => void (hasReturned || end())));
}

function failing(next: CallHandler, unlock: Unlock): Observable<unknown> {
  return next.handle().pipe(catchError((thrown: unknown) => from(unlock(false)).pipe(concatMap(() => throwError(() => thrown)))));
}
