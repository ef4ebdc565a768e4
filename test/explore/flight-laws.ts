import { isDeepStrictEqual } from 'node:util';
import { isOutsider, type History, type RequestOutcome, type Work } from './history.js';
import { first, show, valuesOf, type Law } from './law.js';
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

/** The writes of a session that have renewed a value. */
function renewalsOf(history: History, value: RenewedValue): AuditEntry[] {
  const isRenewal = ({ before, after }: AuditEntry) => after && !isDeepStrictEqual(valuesOf(before)[value], valuesOf(after)[value]);
  return history.audit.filter((entry) => entry.key === history.key && isRenewal(entry));
}

/** The lease at a moment: the entry by which it was taken, or has expired; undefined if no request had it. */
function leaseAt(leases: readonly LeaseEntry[], at: number): LeaseEntry | undefined {
  const last = leases.findLast((entry) => entry.at <= at && entry.kind !== 'refused');
  return last?.kind === 'taken' || last?.kind === 'expired' ? last : undefined;
}

function overlap(works: readonly Work[], leases: readonly LeaseEntry[], work: Work): string | undefined {
  const isBeside = ({ actor, begunAt }: Work) =>
    actor !== work.actor && begunAt >= work.begunAt && begunAt < (work.endedAt ?? work.begunAt + 1);
  const other = works.find(isBeside);
  if (!other || [work, other].some(({ actor }) => hasLost(leases, actor, other.begunAt))) return undefined;
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
  return flight?.isFreshEnough || isNew ? undefined : `${actor} was given ${show(token)}, of work that had ended before it came`;
}

/** A caller that has waited for work which was then committed has no more work to do. */
function repeatedWork(history: History, request: RequestOutcome): string | undefined {
  const { actor } = request;
  const work = history.works.find((one) => one.value === 'token' && one.actor === actor);
  if (!work) return undefined;
  const leases = history.leases.filter(({ name }) => name === LEASES.token);
  return first(renewalsOf(history, 'token'), (entry) => {
    const worker = history.requests.find((one) => one.actor === entry.actor);
    const isBetween = ({ at }: { readonly at: number }) => at > entry.at && at <= work.begunAt;
    // It has then waited for work that failed.
    const isOutdated = leases.some(
      (lease) => (lease.kind === 'expired' || lease.kind === 'released') && lease.actor !== worker?.actor && isBetween(lease),
    );
    if (!worker || worker === request || entry.at > work.begunAt || isOutdated) return undefined;
    const isRefused = leases.some((lease) => lease.kind === 'refused' && lease.actor === actor && lease.at < entry.at);
    const isFollower = areNeighbours(history, request, worker) && worker.kind === 'ok' && isDuring(request, worker, entry);
    return isRefused || isFollower ? `${actor} has waited for the work of ${worker.actor}, and then worked again` : undefined;
  });
}

/** Whether a request asked for the work while another did it. By an id, and under a lock, it asks later. */
function isDuring({ loadedAt, operation }: RequestOutcome, worker: RequestOutcome, { at }: AuditEntry): boolean {
  const { isById, isLocked } = operationOf(operation);
  return !isById && !isLocked && loadedAt >= worker.loadedAt && loadedAt < at;
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
