import type { History, RequestOutcome } from './history.js';
import { operationOf, type Operation, type Values } from './operations.js';

/**
 * The effect of a request's commit on the values; undefined if it commits nothing. A flight does its work only if no other has done it,
 * and stores it only if it has kept its lease.
 */
export function effectOf(history: History, request: RequestOutcome): ((values: Values) => Values) | undefined {
  const { flight, ...own } = operationOf(request.operation);
  const { effect } = flight && (request.kind === 'lost' || !hasWorked(history, request)) ? flight : own;
  return effect && ((values) => effect(values, request.actor));
}

/** The value that a request is to return of its commit; undefined if that says nothing. */
export function resultOf(history: History, request: RequestOutcome): Operation['result'] {
  const { flight, result } = operationOf(request.operation);
  return flight && !hasWorked(history, request) ? undefined : result;
}

/** Whether a flight has done its own work. */
export function hasWorked({ works }: History, { actor }: RequestOutcome): boolean {
  return works.some((work) => work.value === 'token' && work.actor === actor && work.endedAt !== undefined);
}
