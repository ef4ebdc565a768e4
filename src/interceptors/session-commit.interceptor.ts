import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { catchError, concatMap, from, map, of, throwError, type Observable } from 'rxjs';
import { SessionService } from '../services/session.service.js';
import { announceRetry } from '../http/retry-after.js';

/**
 * Commits after the handler, while the response can still become an error: for a value, a promise,
 * each value of an observable, and a thrown error.
 */
@Injectable()
export class SessionCommitInterceptor implements NestInterceptor {
  constructor(private readonly sessions: SessionService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const http = context.switchToHttp();
    if (!this.sessions.isServing(http.getRequest<Request>())) return next.handle();
    const commit = () => this.#commit(http.getRequest<Request>(), http.getResponse<Response>());
    return next.handle().pipe(
      catchError((thrown: unknown) => commit().pipe(concatMap(() => throwError(() => thrown)))),
      concatMap((value) => (this.#isSettled(http.getRequest<Request>()) ? [value] : commit().pipe(map(() => value)))),
    );
  }

  #isSettled({ session }: Request): boolean {
    return !session || this.sessions.isUntouched(session);
  }

  /** Emits once, when everything is stored. */
  #commit(request: Request, response: Response): Observable<unknown> {
    const { session } = request;
    if (!session) return of(undefined);
    return from(this.sessions.commit(session)).pipe(
      catchError((error: Error) => {
        this.sessions.abandon(session, error);
        announceRetry(response, error);
        return throwError(() => error);
      }),
    );
  }
}
