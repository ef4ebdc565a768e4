import { createHash } from 'node:crypto';
import {
  BadRequestException,
  Injectable,
  UnprocessableEntityException,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request } from 'express';
import { SessionService, type SessionDraft } from 'nestjs-smart-session';
import { from, lastValueFrom, type Observable } from 'rxjs';
import './session-data.js';

/** How many answers a session keeps. A later request with an older key runs its handler again. */
const MOST_ANSWERS = 10;
const LONGEST_KEY = 100;

export type IdempotentRequest = Request & { draft?: SessionDraft };

/** Runs a handler and keeps its answer, in one transaction with the session. */
@Injectable()
export class IdempotentInterceptor implements NestInterceptor {
  constructor(private readonly sessions: SessionService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<IdempotentRequest>();
    const key = request.get('Idempotency-Key') ?? '';
    if (key === '' || key.length > LONGEST_KEY)
      throw new BadRequestException(`Send a header Idempotency-Key of up to ${LONGEST_KEY} characters.`);
    return from(this.sessions.transactional(request.session, (_em, draft) => answerOnce(request, key, draft, next)));
  }
}

/** Requests of a session come here one after the other, also from other processes. */
async function answerOnce(request: IdempotentRequest, key: string, draft: SessionDraft, next: CallHandler): Promise<unknown> {
  const { answers = [] } = draft;
  const hash = hashOf(request);
  const kept = answers.find((other) => other.key === key);
  if (kept && kept.request !== hash) throw new UnprocessableEntityException('The Idempotency-Key belongs to another request.');
  if (kept) return kept.answer;
  request.draft = draft;
  const answer: unknown = await lastValueFrom(next.handle());
  draft.answers = [...answers, { key, request: hash, answer }].slice(-MOST_ANSWERS);
  return answer;
}

function hashOf({ method, originalUrl, body }: Request): string {
  return createHash('sha256')
    .update(JSON.stringify([method, originalUrl, body]))
    .digest('base64url');
}
