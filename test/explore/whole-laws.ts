import { isDeepStrictEqual } from 'node:util';
import type { History, RequestOutcome } from './history.js';
import { first, renewalsOf, show, valuesOf, type Law } from './law.js';
import { RECEIPT, operationOf } from './operations.js';

/** The law of transactions with rows of the app. */
export const WHOLE_LAWS = {
  /** The row of the app is there if and only if the session's change is, exactly once, also if the answer to COMMIT was lost. */
  AllOrNothing: (history) =>
    first(history.requests, (request) => (operationOf(request.operation).isWhole ? halfDone(history, request) : undefined)),
} satisfies Record<string, Law>;

function halfDone(history: History, { actor, kind, loaded, live }: RequestOutcome): string | undefined {
  const orders = history.database.orders.filter((order) => order.actor === actor);
  const writes = renewalsOf(history, RECEIPT).filter(({ after }) => valuesOf(after)[RECEIPT].by === actor);
  if (orders.length !== writes.length) return `${actor} has ${orders.length} orders, and has written the session ${writes.length} times`;
  if (orders.length > 1) return `${actor} has ordered ${orders.length} times`;
  const isTorn = orders.some(({ at, total }, n) => at !== writes[n]!.at || total !== valuesOf(writes[n]!.after).total);
  if (isTorn) return `${actor} has an order that does not belong to its session`;
  if (kind === 'ok' && orders.length === 0) return `${actor} was answered, and has no order`;
  // A transaction that was rolled back leaves the live session as it was.
  if (kind === 'work failed' && !isDeepStrictEqual(live, loaded)) return `${actor} was refused, and its session shows ${show(live)}`;
  return orders.length > 0 && kind !== 'ok' && kind !== 'unknown' ? `${actor} was refused, and has an order` : undefined;
}
