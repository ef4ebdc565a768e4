import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { finalize, type Observable } from 'rxjs';
import type { PhaseEvent, ProcessEvent, Side } from './race-event.js';

/** The current request of a race. */
interface RacingRequest {
  readonly race: string;
  readonly side: Side;
  readonly n: number;
  /** The additional time of each statement, in ms. */
  readonly roundTrip: number;
  /** The end of the handler, when this library's commit starts. Undefined before that, and with the plain store. */
  handledAt?: number;
}

/** The headers that tell a process which request of which race it answers, and with which plain store. */
export const HEADERS = { race: 'lab-race', n: 'lab-request', roundTrip: 'lab-round-trip', store: 'lab-store' } as const;

const current = new AsyncLocalStorage<RacingRequest>();

/** The requests whose commit is running and not yet written. */
const committing = new Set<string>();

const nameOf = (race: string, side: Side, n: number) => `${race}/${side}/${n}`;

/** Returns a middleware that makes the request known to the code it calls. */
export function recordRequests(side: Side) {
  return ({ headers }: IncomingMessage, _response: ServerResponse, next: () => void) => {
    const race = headers[HEADERS.race];
    if (typeof race !== 'string') return next();
    current.run({ race, side, n: Number(headers[HEADERS.n]), roundTrip: Number(headers[HEADERS.roundTrip]) }, next);
  };
}

/** Returns the additional time of each statement of this request, in ms. */
export function roundTrip(): number {
  return current.getStore()?.roundTrip ?? 0;
}

/** Measures a phase of the request. */
export async function record<Result>(phase: PhaseEvent['phase'], work: () => Promise<Result>): Promise<Result> {
  const request = current.getStore();
  if (!request) return work();
  const { race, side, n } = request;
  if (phase === 'commit') committing.add(nameOf(race, side, n));
  const from = now();
  try {
    return await work();
  } finally {
    const to = now();
    if (phase === 'commit') committing.delete(nameOf(race, side, n));
    tell({ type: 'phase', race, side, n, phase, from, to });
    if (phase === 'handler' && side === 'smart') beginCommit(request, to);
  }
}

function beginCommit(request: RacingRequest, at: number): void {
  request.handledAt = at;
  committing.add(nameOf(request.race, request.side, request.n));
}

function endCommit({ race, side, n, handledAt }: RacingRequest): void {
  if (handledAt === undefined) return;
  committing.delete(nameOf(race, side, n));
  tell({ type: 'phase', race, side, n, phase: 'commit', from: handledAt, to: now() });
}

/**
 * Measures this library's commits, from the end of a handler until the library's interceptor has committed. That interceptor must
 * be inside this one.
 */
@Injectable()
export class CommitRecorder implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = current.getStore();
    return next.handle().pipe(finalize(() => request && endCommit(request)));
  }
}

/**
 * Measures a write of the session's row.
 *
 * @param data the serialized session to write
 * @param work returns whether it was written
 */
export async function recordWrite<Result>(
  side: Side,
  data: string,
  work: () => Promise<Result>,
  isWritten: (result: Result) => boolean,
): Promise<Result> {
  const { race, ...values } = JSON.parse(data) as Record<string, unknown>;
  if (typeof race !== 'string') return work();
  const keys = Object.keys(values)
    .filter((key) => key.startsWith('tab'))
    .map((key) => Number(key.slice('tab'.length)));
  const carries = keys.filter((n) => committing.has(nameOf(race, side, n)));
  const from = now();
  const result = await work();
  if (isWritten(result)) for (const n of carries) committing.delete(nameOf(race, side, n));
  tell({ type: 'write', race, side, from, to: now(), isWritten: isWritten(result), carries, keys });
  return result;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function tell(event: ProcessEvent): void {
  process.send?.(event);
}
