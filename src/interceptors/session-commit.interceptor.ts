import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Observable } from 'rxjs';
import { SessionService } from '../services/session.service.js';
import { asError } from '../shared/thrown.js';
import { announceRetry } from '../http/retry-after.js';
import { afterCommit } from './after-commit.js';

/**
 * Commits after the handler, while the response can still become an error: for a value, a promise,
 * each value of an observable, and a thrown error.
 */
@Injectable()
export class SessionCommitInterceptor implements NestInterceptor {
  /** @internal Nest calls it. */
  constructor(private readonly sessions: SessionService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const http = context.switchToHttp();
    if (!this.sessions.isServing(http.getRequest<Request>())) return next.handle();
    return afterCommit(next.handle(), () => this.#commit(http.getRequest<Request>(), http.getResponse<Response>()));
  }

  /** Resolves when everything is stored; undefined when everything is. */
  #commit({ session }: Request, response: Response): Promise<void> | undefined {
    if (!session || this.sessions.isUntouched(session)) return undefined;
    // An interceptor of the app holds a transaction around handler and commit: the gate commits when it has ended.
    if (this.sessions.isInTransaction) return undefined;
    return this.sessions.commitForResponse(session).catch((thrown: unknown) => {
      const error = asError(thrown);
      this.sessions.abandon(session, error);
      announceRetry(response, error);
      throw error;
    });
  }
}
