import { isDeepStrictEqual } from 'node:util';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { first, show, valuesOf, type Law } from './law.js';
import { FLIGHT_LAWS } from './flight-laws.js';
import { effectOf, resultOf } from './effects.js';
import { bySession, newIdOf, type History, type RequestOutcome } from './history.js';
import { INITIAL, operationOf } from './operations.js';
import { sharesOf } from './shares.js';
import { WHOLE_LAWS } from './whole-laws.js';

const same = isDeepStrictEqual;
const newKeyOf = (actor: string) => storageKeyOf(newIdOf(actor));
const writesOf = (history: History, actor: string) =>
  [...sharesOf(history)].filter(([, shares]) => shares.some((share) => share.actor === actor)).map(([entry]) => entry);

/** Whether a request may have found its session ended before its answer. */
function mayBeGone({ database, key }: History, { answeredAt }: RequestOutcome): boolean {
  return (database.ended.get(key) ?? Infinity) <= answeredAt;
}

/** Whether what a request has done must be stored. */
function isToBeStored({ scenario, leases }: History, { kind, actor, operation }: RequestOutcome): boolean {
  const mayFail = Boolean(scenario.faults) || leases.some((entry) => entry.actor === actor && entry.kind === 'expired');
  return kind === 'ok' || (kind === 'work failed' && Boolean(operationOf(operation).isLocked) && !mayFail);
}

/** Each law of the design that a history shows. */
export const LAWS: Readonly<Record<string, Law>> = {
  NoLostKey: (history) =>
    first(sharesOf(history), ([{ actor, before, after }, shares]) => {
      const expected = shares.at(-1)?.values;
      return same(valuesOf(after), expected)
        ? undefined
        : `${actor} made ${show(valuesOf(before))} into ${show(valuesOf(after))}, and should have made it ${show(expected)}`;
    }) ??
    first(history.requests, (request) => {
      const { commits = 1 } = operationOf(request.operation);
      const effect = effectOf(history, request);
      if (!isToBeStored(history, request) || !effect || writesOf(history, request.actor).length >= commits || mayBeGone(history, request))
        return undefined;
      // Something is not written: then nothing was left to do, at some moment before the answer.
      const states = [
        INITIAL,
        ...history.audit.filter((entry) => entry.key === history.key && entry.at <= request.answeredAt).map(({ after }) => valuesOf(after)),
      ];
      return states.some((state) => same(effect(state), state)) ? undefined : `${request.actor} was answered, and not all of it is stored`;
    }),

  NoPhantom: (history) =>
    first(
      history.audit.filter((entry) => entry.kind === 'touch'),
      ({ actor, before, after }) =>
        before?.data === after?.data && before?.version === after?.version && before?.commitId === after?.commitId
          ? undefined
          : `${actor}'s touch changed the record`,
    ) ??
    first(
      history.audit.filter((entry) => entry.kind === 'update'),
      ({ actor, before, after }) => (before?.data === after?.data ? `${actor} wrote what stood there already` : undefined),
    ) ??
    first(history.requests, ({ kind, actor, operation }) => {
      const { flight, isLocked } = operationOf(operation);
      // The changes of work under a lock are stored, even if it fails, or a flight in it does.
      const isRefused = kind === 'failed' || (kind === 'lost' && !(flight && isLocked)) || (kind === 'work failed' && !isLocked);
      return isRefused && writesOf(history, actor).length > 0 ? `${actor} was refused, and is stored` : undefined;
    }),

  NoResurrection: ({ database, audit }) =>
    first(audit, ({ actor, kind, key, at }) => {
      const end = database.ended.get(key);
      // Nobody else knows an id yet that this very request has made.
      if (key === newKeyOf(actor)) return undefined;
      return kind !== 'delete' && end !== undefined && at > end ? `${actor} brought the record back by ${kind}` : undefined;
    }),

  CommitBeforeAnswer: (history) =>
    first(history.requests, ({ kind, actor, answeredAt, operation }) => {
      const others = history.audit.filter((entry) => entry.actor === actor && (entry.kind === 'delete' || entry.key !== history.key));
      const late = [...writesOf(history, actor), ...others].find(({ at }) => at > answeredAt);
      if (kind === 'ok' && late) return `${actor} was answered at ${answeredAt}, and wrote at ${late.at}`;
      const isEnding = kind === 'ok' && operationOf(operation).ends;
      return isEnding && history.database.rows.has(history.key) ? `${actor} ended the session, and it is there` : undefined;
    }) ??
    first(history.loads, ({ actor, row, record }) =>
      record && record.data !== row?.data ? `${actor} loaded what was not stored` : undefined,
    ) ??
    first(history.requests, ({ actor, askedAt, version }) => {
      const answered = history.requests.filter((other) => other.kind === 'ok' && other.answeredAt <= askedAt);
      const newest = Math.max(
        -1,
        ...answered.flatMap((other) => writesOf(history, other.actor).map((entry) => entry.after?.version ?? -1)),
      );
      return version !== undefined && version < newest
        ? `${actor} came after version ${newest} was answered, and was given version ${version}`
        : undefined;
    }),

  Isolation: (history) =>
    first(
      history.audit.filter(({ key, after }) => key !== history.key && after),
      ({ actor, key, after }) => {
        const isOwn = key === newKeyOf(actor) && same(valuesOf(after), { regenerated: actor });
        return isOwn ? undefined : `${actor} wrote ${show(valuesOf(after))} under another id`;
      },
    ) ??
    first(history.loads, ({ actor, row, record }) => (record && !row ? `${actor} loaded another session` : undefined)) ??
    first(
      history.audit.filter(({ key }) => key === history.key),
      ({ actor, after }) => ('regenerated' in valuesOf(after) ? `${actor} wrote a new session's value into the old one` : undefined),
    ),

  WholeDelta: (history) =>
    first(history.audit, ({ actor, after }) => {
      const values = valuesOf(after);
      const torn = ['A', 'B', 'C'].find((one) => `${one}1` in values !== `${one}2` in values);
      return torn && `${actor} left half of ${torn}'s keys`;
    }),

  AtMostOnce: (history) =>
    first(history.requests, ({ actor, operation }) =>
      writesOf(history, actor).length > (operationOf(operation).commits ?? 1) ? `${actor} took effect twice` : undefined,
    ),

  Lifetime: (history) =>
    first(history.loads, ({ actor, row, record, clock }) => {
      const isLive = row !== undefined && row.expiresAt > clock;
      if (record && !isLive) return `${actor} loaded a session that had ended`;
      return !record && isLive ? `${actor} was refused a live session` : undefined;
    }) ??
    first(history.audit, ({ actor, before, after }) =>
      before && after && after.expiresAt < before.expiresAt ? `${actor} shortened the session's life` : undefined,
    ),

  ...FLIGHT_LAWS,
  ...WHOLE_LAWS,

  BoundedOutcome: ({ stuck, database, requests, leases, scenario, steps }) => {
    if (stuck.length > 0) return `${stuck.join(', ')} cannot go on`;
    if (database.locks.size + database.leaseLocks.size > 0) return 'a lock was left behind';
    if (steps > 30 * scenario.operations.length) return `${steps} steps`;
    const isLost = (actor: string) => leases.some((entry) => entry.actor === actor && entry.kind === 'expired');
    const failed = requests.find(
      ({ kind, actor }) => kind === 'failed' || (kind === 'unknown' && !scenario.faults) || (kind === 'lost' && !isLost(actor)),
    );
    return failed && `${failed.actor} failed without a fault: ${String(failed.error)}`;
  },

  OneProtocol: (history) =>
    first(
      history.audit.filter((entry) => entry.kind === 'update'),
      ({ actor, before, after }) => (after?.version === (before?.version ?? 0) + 1 ? undefined : `${actor} did not move the version on`),
    ),

  'base and live session move together': (history) =>
    first(history.requests, (request) => {
      const { actor, kind, operation, live, result } = request;
      // Settled after another program had written: the session shows that too.
      if (history.scenario.faults && history.scenario.operations.includes('another program')) return undefined;
      // Settled after the session had ended: there is nothing left to show.
      if (history.scenario.faults && mayBeGone(history, request)) return undefined;
      const { commits = 1, ends } = operationOf(operation);
      // The last of them: what was dropped since the session ended is still in the live session.
      const committed = writesOf(history, actor)[commits - 1];
      if (kind !== 'ok' || !committed || ends) return undefined;
      const values = valuesOf(committed.after);
      const own =
        sharesOf(history)
          .get(committed)
          ?.find((share) => share.actor === actor)?.values ?? values;
      if (!operationOf(operation).isById && !same(live, values))
        return `${actor} sees ${show(live)} after it has committed ${show(values)}`;
      const expectedOf = resultOf(history, request);
      if (operationOf(operation).flight && !expectedOf) return undefined;
      const expected = expectedOf?.(own);
      return same(result, expected) ? undefined : `${actor} was given ${show(result)}, and committed ${show(expected)}`;
    }),
};

/** The laws that a history breaks, each with what is wrong. */
export function violations(history: History): ReadonlyMap<string, string> {
  const views = bySession(history);
  const found = Object.entries(LAWS).flatMap(([name, law]) => {
    const wrong = first(views, law);
    return wrong === undefined ? [] : [[name, wrong] as const];
  });
  return new Map(found);
}
