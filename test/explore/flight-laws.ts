import { isDeepStrictEqual } from 'node:util';
import { isOutsider, type History, type RequestOutcome, type Work } from './history.js';
import { first, renewalsOf, show, valuesOf, type Law } from './law.js';
import { INITIAL, operationOf, type RenewedValue, type Values } from './operations.js';
import type { AuditEntry, LeaseEntry } from './simulated-database.js';

/** The laws of `once` and of locks. */
export const FLIGHT_LAWS = {
  /** No work of `once` runs beside other work under a valid lease, and the outcome of work whose lease was lost is never committed. */
  OneFlight: oneAtATime('token'),

  /** The same of work under a lock. */
  OneLock: oneAtATime('turn'),

  /** Every caller is given what was committed, and callers that have waited do not work again. */
  SameAnswer: (history) =>
    first(history.requests, (request) => {
      if (!operationOf(request.operation).flight) return undefined;
      return wrongAnswer(history, request) ?? repeatedWork(history, request) ?? foreignFailure(history, request);
    }),
} satisfies Record<string, Law>;

/** The name of the lease that gives the right to renew a value. */
const LEASES: Readonly<Record<RenewedValue, string>> = { token: 'token', turn: 'lock:turn' };

function oneAtATime(value: RenewedValue): Law {
  return (history) => {
    const works = history.works.filter((work) => work.value === value);
    const leases = history.leases.filter(({ name }) => name === LEASES[value]);
    return (
      first(works, (work) => overlap(works, leases, work) ?? staleBeginning(history, leases, work)) ??
      first(renewalsOf(history, value), (entry) => {
        const { by } = valuesOf(entry.after)[value] as { by: string };
        const holder = leaseAt(leases, entry.at - 1)?.actor;
        return holder === by ? undefined : `${by} has stored its work while ${holder ?? 'no request'} had the lease`;
      })
    );
  };
}

/** The lease at a moment: the entry by which it was taken, or has expired; undefined if no request had it. */
function leaseAt(leases: readonly LeaseEntry[], at: number): LeaseEntry | undefined {
  const last = leases.findLast((entry) => entry.at <= at && entry.kind !== 'refused');
  return last?.kind === 'taken' || last?.kind === 'expired' ? last : undefined;
}

function overlap(works: readonly Work[], leases: readonly LeaseEntry[], work: Work): string | undefined {
  if (hasLost(leases, work.actor, work.begunAt)) return `${work.actor} has begun to work after its lease had expired`;
  const isBeside = ({ actor, begunAt }: Work) =>
    actor !== work.actor && begunAt >= work.begunAt && begunAt < (work.endedAt ?? work.begunAt + 1);
  const other = works.find(isBeside);
  if (!other || hasLost(leases, work.actor, other.begunAt)) return undefined;
  return `${work.actor} and ${other.actor} have worked at the same time`;
}

/** Whether an actor had a lease that has expired by a moment. */
function hasLost(leases: readonly LeaseEntry[], actor: string, at: number): boolean {
  const last = leases.findLast((entry) => entry.actor === actor && entry.kind !== 'refused' && entry.at <= at);
  return last?.kind === 'expired';
}

/** Under a valid lease only its holder renews the value. So the work must begin with the value that is stored. */
function staleBeginning(history: History, leases: readonly LeaseEntry[], { actor, value, found, begunAt }: Work): string | undefined {
  const lease = leaseAt(leases, begunAt);
  const stored = valuesAt(history, begunAt);
  if (!stored || lease?.kind !== 'taken' || lease.actor !== actor) return undefined;
  return isDeepStrictEqual(found, stored[value])
    ? undefined
    : `${actor} has begun with ${show(found)}, and ${show(stored[value])} was stored`;
}

/** The values of the session at a moment; undefined if it had ended. */
function valuesAt({ audit, key, database }: History, at: number): Values | undefined {
  if ((database.ended.get(key) ?? Infinity) <= at) return undefined;
  const last = audit.findLast((entry) => entry.key === key && entry.at <= at);
  return last ? valuesOf(last.after) : INITIAL;
}

function wrongAnswer(history: History, request: RequestOutcome): string | undefined {
  const { kind, actor, operation, result, askedAt, answeredAt } = request;
  if (kind !== 'ok') return undefined;
  const { flight, result: select } = operationOf(operation);
  const isNow = ({ at }: AuditEntry) => at > askedAt && at <= answeredAt;
  const later = history.audit.filter((entry) => entry.key === history.key && isNow(entry)).map(({ after }) => valuesOf(after));
  const states = [valuesAt(history, askedAt) ?? INITIAL, ...later];
  if (!states.some((state) => isDeepStrictEqual(select?.(state), result)))
    return `${actor} was given ${show(result)}, which was not stored`;
  const { token } = result as Values;
  if (!token) return `${actor} was given no token`;
  // A write may have been there earlier than its answer. A caller that waits with others of its process gets what they get.
  const company = history.requests.filter(
    (one) => one.actor === actor || (one.answeredAt > askedAt && areNeighbours(history, one, request)),
  );
  const since = Math.min(...company.map((one) => one.askedAt));
  const isNew = history.requests.some((one) => one.actor === token.by && one.answeredAt > since);
  return flight?.isFresh || isNew ? undefined : `${actor} was given ${show(token)}, of work that had ended before it came`;
}

/** A caller that had the lease, or has waited for it, has no more work to do when others have done it. */
function repeatedWork(history: History, request: RequestOutcome): string | undefined {
  const { actor } = request;
  const work = history.works.find((one) => one.value === 'token' && one.actor === actor);
  const isFresh = operationOf(request.operation).flight?.isFresh;
  if (work && isFresh) return isFresh({ token: work.found }) ? `${actor} has worked, and nothing was to be done` : undefined;
  if (!work) return undefined;
  const leases = history.leases.filter(({ name }) => name === LEASES.token);
  return first(renewalsOf(history, 'token'), (entry) => {
    const { by } = valuesOf(entry.after).token as { by: string };
    const worker = history.requests.find((one) => one.actor === by);
    if (!worker || worker === request || entry.at > work.begunAt) return undefined;
    // It has then waited for work that failed.
    const isOutdated = leases.some(({ kind, actor: other, at }) => {
      return (kind === 'expired' || kind === 'released') && other !== by && at > entry.at && at <= work.begunAt;
    });
    const hasWaited =
      leases.some((lease) => lease.at < entry.at && tells(history, request, lease)) || isFollower(history, request, worker, entry);
    return hasWaited && !isOutdated ? `${actor} has waited for the work of ${by}, and then worked again` : undefined;
  });
}

/** Whether a caller has tried to take a lease, or has waited for another of its process that did. */
function tells(history: History, request: RequestOutcome, { kind, actor, at }: LeaseEntry): boolean {
  if (kind !== 'taken' && kind !== 'refused') return false;
  const other = history.requests.find((one) => one.actor === actor);
  if (!other || other === request) return other === request;
  return asksAtOnce(request) && areNeighbours(history, request, other) && at > request.loadedAt;
}

/** Whether a caller came while another of its process worked. */
function isFollower(history: History, request: RequestOutcome, worker: RequestOutcome, { at }: AuditEntry): boolean {
  const isDuring = request.loadedAt >= worker.loadedAt && request.loadedAt < at;
  return asksAtOnce(request) && areNeighbours(history, request, worker) && worker.kind === 'ok' && isDuring;
}

/** By an id, and under a lock, a request asks for the work some steps after it has loaded its session. */
function asksAtOnce({ operation }: RequestOutcome): boolean {
  const { isById, isLocked } = operationOf(operation);
  return !isById && !isLocked;
}

/** The error of work is that of its own caller, and of those that wait in the same process. */
function foreignFailure(history: History, request: RequestOutcome): string | undefined {
  if (request.kind !== 'work failed' || operationOf(request.operation).flight?.fails) return undefined;
  const isSource = (other: RequestOutcome) => operationOf(other.operation).flight?.fails && areNeighbours(history, request, other);
  return history.requests.some(isSource) ? undefined : `${request.actor} was given the error of another process`;
}

function areNeighbours(history: History, one: RequestOutcome, other: RequestOutcome): boolean {
  return Boolean(history.scenario.isOneProcess) && isOutsider(history, one.actor) === isOutsider(history, other.actor);
}
