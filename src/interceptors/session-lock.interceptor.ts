import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { catchError, concat, concatMap, defer, finalize, from, ignoreElements, tap, throwError, type Observable } from 'rxjs';
import { LOCK_SESSION, type LockSessionOptions } from '../decorators/lock-session.decorator.js';
import { announceRetry } from '../http/retry-after.js';
import { SessionLocker, type Unlock } from '../services/session-locker.js';

/** Holds the session's lock around the handlers that ask for it. Stands around the commit, which the lock is for. */
@Injectable()
export class SessionLockInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly locker: SessionLocker,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const terms = this.reflector.getAllAndOverride<Required<LockSessionOptions> | undefined>(LOCK_SESSION, [context.getHandler(), context.getClass()]);
    if (!terms || context.getType() !== 'http') return next.handle();
    const { session } = context.switchToHttp().getRequest<Request>();
    if (!session) return next.handle();
    const lock = defer(() => this.locker.lock(session, terms)).pipe(
      tap({ error: (error) => announceRetry(context.switchToHttp().getResponse<Response>(), error) }),
    );
    return lock.pipe(concatMap((unlock) => (unlock ? handleLocked(next, unlock) : next.handle())));
  }
}

/** Unlocks before the response, whatever came of the handler; at once when nobody waits for it any more. */
function handleLocked(next: CallHandler, unlock: Unlock): Observable<unknown> {
  const handled = next.handle().pipe(catchError((thrown: unknown) => from(unlock()).pipe(concatMap(() => throwError(() => thrown)))));
  return concat(handled, defer(unlock).pipe(ignoreElements())).pipe(finalize(() => void unlock()));
}
