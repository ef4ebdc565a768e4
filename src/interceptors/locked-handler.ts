import type { CallHandler } from '@nestjs/common';
import type { Request, Response } from 'express';
import { EMPTY, Observable, catchError, concat, concatMap, defer, finalize, from, ignoreElements, tap, throwError } from 'rxjs';
import { announceRetry } from '../http/retry-after.js';
import type { LockRequest } from '../locking/lock-limits.js';
import type { SessionLocker, Unlock } from '../locking/session-locker.js';
import { onAnswer } from './late-answer.js';

/** A request under a lock, and its response. */
export interface LockedExchange {
  readonly request: Request;
  /** Undefined for a resolver: the request may have others, which change the session after this one. */
  readonly response: Response | undefined;
  /** Whether the handler answers by itself, as with `@Res()`. */
  readonly answersItself: boolean;
}

/** Runs a handler and its commit under the lock of the request's session. */
export function handleLocked(
  { request, response, answersItself }: LockedExchange,
  handler: CallHandler,
  locker: SessionLocker,
  lockRequest: LockRequest,
): Observable<unknown> {
  return lock(request.session, locker, lockRequest).pipe(
    tap({ error: (error) => response && announceRetry(response, error) }),
    concatMap((unlock) => {
      if (!unlock) return handler.handle();
      return response && answersItself
        ? unlockAfterAnswer(handler, unlock, response)
        : unlockAfterHandler(handler, unlock, response === undefined);
    }),
  );
}

/** Emits when the session is locked. If the request no longer waits by then, the lock is given back. */
function lock(session: object, locker: SessionLocker, { name, limits }: LockRequest): Observable<Unlock | undefined> {
  return new Observable((subscriber) => {
    locker.lock(session, limits, name).then(
      (unlock) => {
        if (subscriber.closed) return unlock?.();
        subscriber.next(unlock);
        return subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
  });
}

/**
 * Unlocks before the response, whether the handler returns or throws. If the request no longer waits, it unlocks
 * immediately. After an error the handler may still run, for example after the timeout of an interceptor. Its later
 * changes are not stored.
 *
 * @param isResolver whether other handlers of the request may change the session later. Then such changes are stored
 */
function unlockAfterHandler(handler: CallHandler, unlock: Unlock, isResolver: boolean): Observable<unknown> {
  const unlockLast = defer(() => unlock()).pipe(ignoreElements());
  return concat(unlockingOnError(handler, unlock, isResolver), unlockLast).pipe(finalize(() => void unlock(isResolver)));
}

/** The same for a handler that answers by itself: unlocks when it has returned and answered, or when its lease ends. */
function unlockAfterAnswer(handler: CallHandler, unlock: Unlock, response: Response): Observable<unknown> {
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
  return concat(unlockingOnError(handler, unlock, false), returned).pipe(finalize(() => void (hasReturned || end())));
}

function unlockingOnError(handler: CallHandler, unlock: Unlock, isHandled: boolean): Observable<unknown> {
  return unlock
    .inside(() => handler.handle())
    .pipe(catchError((thrown: unknown) => from(unlock(isHandled)).pipe(concatMap(() => throwError(() => thrown)))));
}
