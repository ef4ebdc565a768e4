import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PhaseEvent, ProcessEvent, Side } from './race-event.js';

/** The request of a race that is being answered. */
interface RacingRequest {
  readonly race: string;
  readonly side: Side;
  readonly n: number;
  /** How much longer each statement takes, in ms. */
  readonly roundTrip: number;
}

/** The headers by which the runner tells a process which request of which race it sends. */
export const HEADERS = { race: 'lab-race', n: 'lab-request', roundTrip: 'lab-round-trip' } as const;

const current = new AsyncLocalStorage<RacingRequest>();

/** The requests whose commit is under way and in no row yet. */
const committing = new Set<string>();

const nameOf = (race: string, side: Side, n: number) => `${race}/${side}/${n}`;

/** Middleware that knows the request from then on. */
export function recordRequests(side: Side) {
  return ({ headers }: IncomingMessage, _response: ServerResponse, next: () => void) => {
    const race = headers[HEADERS.race];
    if (typeof race !== 'string') return next();
    current.run({ race, side, n: Number(headers[HEADERS.n]), roundTrip: Number(headers[HEADERS.roundTrip]) }, next);
  };
}

/** How much longer each statement of this request takes, in ms. */
export function roundTrip(): number {
  return current.getStore()?.roundTrip ?? 0;
}

/** Takes the time of a part of the request. */
export async function record<Result>(phase: PhaseEvent['phase'], work: () => Promise<Result>): Promise<Result> {
  const request = current.getStore();
  if (!request) return work();
  const { race, side, n } = request;
  if (phase === 'commit') committing.add(nameOf(race, side, n));
  const from = now();
  try {
    return await work();
  } finally {
    if (phase === 'commit') committing.delete(nameOf(race, side, n));
    tell({ type: 'phase', race, side, n, phase, from, to: now() });
  }
}

/**
 * Takes the time of a write of the session's row.
 *
 * @param data the serialized session that is to stand there
 * @param work says whether it was written
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
