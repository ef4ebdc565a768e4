import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { catchError, concat, concatMap, defer, finalize, from, ignoreElements, tap, throwError, Observable } from 'rxjs';
import { LOCK_SESSION } from '../decorators/lock-session.decorator.js';
import { announceRetry } from '../http/retry-after.js';
import { SessionCommitInterceptor } from './session-commit.interceptor.js';
import { SessionLocker, type LockTerms, type Unlock } from '../services/session-locker.js';

/** Commits after each handler, and holds the session's lock around the handlers that ask for it and their commit. */
@Injectable()
export class SessionLockInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly locker: SessionLocker,
    private readonly commits: SessionCommitInterceptor,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const terms = this.reflector.getAllAndOverride<LockTerms | undefined>(LOCK_SESSION, [context.getHandler(), context.getClass()]);
    const committed: CallHandler = { handle: () => this.commits.intercept(context, next) };
    if (!terms || context.getType() !== 'http') return committed.handle();
    const { session } = context.switchToHttp().getRequest<Request>();
    if (!session) return committed.handle();
    return this.#locked(session, terms).pipe(
      tap({ error: (error) => announceRetry(context.switchToHttp().getResponse<Response>(), error) }),
      concatMap((unlock) => (unlock ? handleLocked(committed, unlock) : committed.handle())),
    );
  }

  /** Emits when the session is locked. A lock that comes when nobody waits for it any more is given back. */
  #locked(session: object, terms: LockTerms): Observable<Unlock | undefined> {
    return new Observable((subscriber) => {
      this.locker.lock(session, terms).then(
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
  const handled = next.handle().pipe(catchError((thrown: unknown) => from(unlock(false)).pipe(concatMap(() => throwError(() => thrown)))));
  return concat(handled, defer(() => unlock()).pipe(ignoreElements())).pipe(finalize(() => void unlock(false)));
}
