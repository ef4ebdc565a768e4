import { UseInterceptors, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { SessionDraft } from 'nestjs-smart-session';
import { IdempotentInterceptor, type IdempotentRequest } from './idempotent.interceptor.js';

/**
 * Answers a request with the same `Idempotency-Key` with the same answer, and runs its handler once. The handler runs in a
 * transaction: it must change the session by its `@Draft()`, and rows by the injected entity manager.
 */
export const Idempotent = () => UseInterceptors(IdempotentInterceptor);

/** The draft of the session in the handler's transaction. */
export const Draft = createParamDecorator(
  (_: unknown, context: ExecutionContext): SessionDraft => context.switchToHttp().getRequest<IdempotentRequest>().draft!,
);
