import type { EntityManager } from '@mikro-orm/core';
import { counter, deep, type SessionService } from '../../src/index.js';
import { protocolOf } from '../support/protocol-of.js';

/** A session's values. */
export type Values = Record<string, any>;

/** What every session of a history starts with. */
export const INITIAL: Values = { old: 1, kept: 1, visits: 0, total: 0, preferences: { theme: 'light' } };

/** How long a lease lasts if its holder stands still, in ms. */
export const LEASE = 1000;

/** A caller stands still several times, and waits on. */
const LIMITS = { lease: LEASE, timeout: 100 * LEASE };

/** Rules under which the operations mean what they say. */
export const RULES: Record<string, any> = { visits: counter(), preferences: deep() };

/** A request that has loaded its session. */
export interface Visit {
  readonly sessions: SessionService;
  readonly sessionId: string;
  /** The live session, by its reference: a regenerated one takes its place. */
  live: Values;
  /** Makes a live session of a new id. */
  readonly create: () => Values;
  /** Who the request is: in every value that it writes. */
  readonly actor: string;
  /** Lets others go on. */
  readonly pause: () => Promise<void>;
  /** Runs work in a transaction of the app. */
  readonly transactional: <Result>(work: (em: EntityManager) => Promise<Result>) => Promise<Result>;
  /** Inserts a row of the app for the session's total. */
  readonly order: (em: EntityManager, total: number) => Promise<void>;
  /** Runs work that has the right to renew a value: it takes a step, and then changes the draft. */
  readonly work: (value: RenewedValue, draft: Values, change: (draft: Values) => void) => Promise<void>;
}

/** What a request does to its session, and what that means for the record. */
export interface Operation {
  /** Runs the handler, and what comes before the answer. */
  run(visit: Visit): Promise<unknown>;
  /** The values that shall stand when the operation is applied to these; undefined for an operation that only reads. */
  effect?(values: Values, actor: string): Values;
  /** In so many commits, each with an effect of its own. Default: 1. */
  readonly commits?: number;
  /** The session is no more afterwards. */
  readonly ends?: true;
  /** What the operation returned, checked against the values that it committed. */
  result?(values: Values): unknown;
  /** On the session of its id, so that the live session stays as it is. */
  readonly isById?: true;
  /** Writes a row of the app and the session in one transaction. */
  readonly isWhole?: true;
  /** Works under a lock. */
  readonly isLocked?: true;
  /** Works through `once`: what its work does is the effect, and what it does without work is this. */
  readonly flight?: Flight;
}

/** The request to `once`. */
export interface Flight {
  /** Whether nothing is to be done. Default: work of others that ends while the caller waits is enough. */
  isFresh?(values: Values): boolean;
  /** The work throws `WorkFailed`. */
  readonly fails?: true;
  /** The values that shall stand without the own work. Default: nothing is committed. */
  effect?(values: Values, actor: string): Values;
}

/** A value that only the holder of a lease renews: of a flight, or of a lock. */
export type RenewedValue = 'token' | 'turn';

/** The value that a request renews with a row of the app. */
export const RECEIPT = 'receipt';

/** The error of work that fails. */
export class WorkFailed extends Error {}

const commit = ({ sessions, live }: Visit) => sessions.commit(live);

/** An operation whose handler changes the live session. */
function handler(change: (values: Values, actor: string) => void): Operation {
  return {
    run: (visit) => {
      change(visit.live, visit.actor);
      return commit(visit);
    },
    effect: (values, actor) => {
      const next = JSON.parse(JSON.stringify(values)) as Values;
      change(next, actor);
      return next;
    },
  };
}

/** The first of two changes, and the second once that is there. */
function oneAfterTheOther(values: Values, actor: string): void {
  values[`${actor} first` in values ? `${actor} second` : `${actor} first`] = actor;
  values.visits += 1;
}

type Change = (values: Values, actor: string) => void;

/** Renews a value: it follows from the one before. */
function renew(value: RenewedValue | typeof RECEIPT): Change {
  return (values, actor) => {
    values[value] = { n: (values[value]?.n ?? 0) + 1, by: actor };
  };
}

const takeTurn = renew('turn');

/** Others may count a visit at the same time. */
const redeem: Change = (values, actor) => {
  renew('token')(values, actor);
  values.visits += 1;
};
const setOwn: Change = (values, actor) => Object.assign(values, { [`${actor}1`]: actor, [`${actor}2`]: actor });
const selectToken = ({ token, visits }: Values) => ({ token, visits });
const fail: Change = () => {
  throw new WorkFailed('The work has failed.');
};

function changed(values: Values, actor: string, ...changes: (Change | undefined)[]): Values {
  const next = structuredClone(values);
  for (const change of changes) change?.(next, actor);
  return next;
}

/** Lets `once` renew the token. */
function renewToken({ sessions, live, actor, work }: Visit, { isFresh, fails }: Flight, session: object | string = live): Promise<unknown> {
  return sessions.once(session, 'token', {
    work: (draft: Values) => work('token', draft, () => (fails ? fail : redeem)(draft, actor)),
    select: selectToken,
    ...LIMITS,
    ...(isFresh ? { isFresh } : {}),
  });
}

/** An operation whose handler lets `once` renew the token. */
function renewing(flight: Flight, before?: Change): Operation {
  return {
    run: async (visit) => {
      before?.(visit.live, visit.actor);
      const result = await renewToken(visit, flight);
      if (before) await commit(visit);
      return result;
    },
    effect: (values, actor) => changed(values, actor, before, redeem),
    result: selectToken,
    flight: before ? { ...flight, effect: (values, actor) => changed(values, actor, before) } : flight,
  };
}

/**
 * An operation that takes its turn under a lock.
 *
 * @param take takes it, and returns it
 */
function locking(take: (visit: Visit, session: Values) => Promise<unknown>, isById?: true): Operation {
  return {
    run: (visit) => visit.sessions.lock(isById ? visit.sessionId : visit.live, 'turn', (session: Values) => take(visit, session), LIMITS),
    effect: (values, actor) => changed(values, actor, takeTurn),
    result: ({ turn }) => turn,
    isLocked: true,
    ...(isById ? { isById } : {}),
  };
}

async function takeTurnOn({ actor, work }: Visit, session: Values): Promise<unknown> {
  await work('turn', session, () => takeTurn(session, actor));
  return structuredClone(session.turn);
}

const addToTotal: Change = (values, actor) => {
  values.total += 1;
  renew(RECEIPT)(values, actor);
};

/**
 * An operation that writes an order and the session in one transaction. The order has the session's total.
 *
 * @param run how it does that. Default: by `transactional` on the live session
 * @param also what the work does then
 */
function ordering(run: Operation['run'] = (visit) => orderBy(visit, visit.live), ...also: Change[]): Operation {
  return {
    run,
    effect: (values, actor) => changed(values, actor, addToTotal, ...also),
    result: ({ total }) => total,
    isWhole: true,
  };
}

/** Orders by `transactional`. */
function orderBy({ sessions, actor, order }: Visit, session: object | string, then?: Change): Promise<unknown> {
  return sessions.transactional(session, async (em, draft: Values) => {
    addToTotal(draft, actor);
    await order(em, draft.total);
    then?.(draft, actor);
    return draft.total;
  });
}

/** Orders in a transaction that the app runs. */
function orderInTransaction({ sessions, live, actor, transactional, order }: Visit, then?: Change): Promise<unknown> {
  return transactional(async (em) => {
    const total = await sessions.update(live, (draft: Values) => (addToTotal(draft, actor), draft.total), { em });
    await order(em, total);
    then?.(live, actor);
    return total;
  });
}

/** Takes the turn under a lock, and then does something else. */
function underLock(visit: Visit, then: (session: Values) => Promise<unknown>): Promise<unknown> {
  const work = (session: Values) => takeTurnOn(visit, session).then(() => then(session));
  return visit.sessions.lock(visit.live, 'turn', work, LIMITS);
}

/** Every kind of request, by name. */
export const OPERATIONS = {
  /** Two keys of its own, and one that all share: the last commit wins it. */
  set: handler((values, actor) => Object.assign(values, { [`${actor}1`]: actor, [`${actor}2`]: actor, shared: actor })),
  delete: handler((values) => {
    delete values.old;
  }),
  'deep change': handler((values, actor) => {
    values.preferences[actor] = { at: actor };
  }),
  counter: handler((values) => {
    values.visits += 1;
  }),
  update: {
    run: ({ sessions, live }) => sessions.update(live, (draft: Values) => (draft.total += 1)),
    effect: (values) => ({ ...values, total: values.total + 1 }),
    result: (values) => values.total,
  },
  'update by id': {
    run: ({ sessions, sessionId }) => sessions.update(sessionId, (draft: Values) => (draft.total += 1)),
    isById: true,
    effect: (values) => ({ ...values, total: values.total + 1 }),
    result: (values) => values.total,
  },
  destroy: { run: ({ sessions, sessionId }) => sessions.destroy(sessionId), ends: true },
  regenerate: {
    run: async (visit) => {
      await visit.sessions.destroy(visit.sessionId);
      visit.live = Object.assign(visit.create(), { regenerated: visit.actor });
      await commit(visit);
    },
    ends: true,
  },
  'change during commit': {
    ...handler(oneAfterTheOther),
    run: async (visit) => {
      oneAfterTheOther(visit.live, visit.actor);
      await Promise.all([commit(visit), visit.pause().then(() => oneAfterTheOther(visit.live, visit.actor))]);
      await commit(visit);
    },
    commits: 2,
  },
  touch: { run: async ({ sessions, sessionId, live }) => protocolOf(sessions).toucher.touch(sessionId, live) },
  once: renewing({}),
  'once by id': { ...renewing({}), run: (visit) => renewToken(visit, {}, visit.sessionId), isById: true },
  'once if stale': renewing({ isFresh: ({ token }) => token !== undefined }),
  /** The work of one other is not enough. */
  'once if not new': renewing({ isFresh: ({ token }) => token?.n > 1 }),
  'set and once': renewing({}, setOwn),
  'once, and fails': renewing({ fails: true }),
  lock: locking(takeTurnOn),
  'lock by id': locking(takeTurnOn, true),
  /** Asks for the same lock once more. */
  'lock in lock': locking((visit, session) => visit.sessions.lock(session, 'turn', () => takeTurnOn(visit, session), LIMITS)),
  /** Changes the record by its id. Only the context tells that the lock is needed. */
  'update in lock': {
    ...locking(async ({ sessions, sessionId, actor, work }, session) => {
      await work('turn', session, () => {});
      return sessions.update(sessionId, (draft: Values) => (takeTurn(draft, actor), structuredClone(draft.turn)));
    }),
    isById: true,
  },
  'lock, and fails': locking(async (visit, session) => {
    await takeTurnOn(visit, session);
    fail(session, visit.actor);
  }),
  /** The commit of the flight is that of the turn, too. */
  'once in lock': {
    ...renewing({}, takeTurn),
    run: (visit) => underLock(visit, () => renewToken(visit, {})),
    isLocked: true,
  },
  transactional: ordering((visit) => orderBy(visit, visit.live, setOwn), setOwn),
  'transactional by id': { ...ordering((visit) => orderBy(visit, visit.sessionId)), isById: true },
  'transactional, and fails': ordering((visit) => orderBy(visit, visit.live, fail)),
  /** The draft has the turn, too. */
  'transactional in lock': {
    ...ordering((visit) => underLock(visit, (session) => orderBy(visit, session)), takeTurn),
    isLocked: true,
  },
  'update in transaction': ordering((visit) => orderInTransaction(visit)),
  'update in transaction, and fails': ordering((visit) => orderInTransaction(visit, fail)),
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

const ALL_NAMES = Object.keys(OPERATIONS) as OperationName[];

const LOCKED_NAMES = ALL_NAMES.filter((name) => operationOf(name).isLocked && !operationOf(name).isWhole);

const FLIGHT_NAMES = ALL_NAMES.filter((name) => operationOf(name).flight && !LOCKED_NAMES.includes(name));

const WHOLE_NAMES = ALL_NAMES.filter((name) => operationOf(name).isWhole);

/** Those that hold a lease, or a transaction of the app. */
export const HOLDING_NAMES = [...LOCKED_NAMES, ...FLIGHT_NAMES, ...WHOLE_NAMES];

/** All others. */
export const OPERATION_NAMES = ALL_NAMES.filter((name) => !HOLDING_NAMES.includes(name));

/** The operation of a name, as any other. */
export function operationOf(name: OperationName): Operation {
  return OPERATIONS[name];
}
