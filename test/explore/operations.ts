import { counter, deep, type SessionService } from '../../src/index.js';
import { protocolOf } from '../support/protocol-of.js';

/** A session's values. */
export type Values = Record<string, any>;

/** What every session of a history starts with. */
export const INITIAL: Values = { old: 1, kept: 1, visits: 0, total: 0, preferences: { theme: 'light' } };

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
  /** Runs the work of a flight: it takes a step, and then changes its draft. */
  readonly work: (draft: Values, change: (draft: Values) => void) => Promise<void>;
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
  /** Works through `once`: what its work does is the effect, and what it does without work is this. */
  readonly flight?: Flight;
}

/** What `once` is asked to do. */
export interface Flight {
  /** Whether work of others that has ended before is enough. */
  readonly isFreshEnough?: true;
  /** On the session of an id, not on the live session. */
  readonly isById?: true;
  /** The work throws `WorkFailed`. */
  readonly fails?: true;
  /** The values that shall stand without the own work. Default: nothing is committed. */
  effect?(values: Values, actor: string): Values;
}

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

/** The work of a flight. The next token follows from the one before, and all count their visit. */
function redeem(values: Values, actor: string): void {
  values.token = { n: (values.token?.n ?? 0) + 1, by: actor };
  values.visits += 1;
}

const selectToken = ({ token, visits }: Values) => ({ token, visits });

/** An operation whose handler lets `once` renew the token. */
function renewing(flight: Flight, before?: (values: Values, actor: string) => void): Operation {
  const changed = (values: Values, actor: string, ...changes: (typeof before)[]): Values => {
    const next = structuredClone(values);
    for (const change of changes) change?.(next, actor);
    return next;
  };
  return {
    run: async (visit) => {
      const { sessions, sessionId, live, actor, work } = visit;
      before?.(live, actor);
      const isFresh = ({ token }: Values) => token !== undefined;
      const result = await sessions.once(flight.isById ? sessionId : live, 'token', {
        work: (draft: Values) =>
          work(draft, () => {
            if (flight.fails) throw new WorkFailed('The work has failed.');
            redeem(draft, actor);
          }),
        select: selectToken,
        ...(flight.isFreshEnough ? { isFresh } : {}),
      });
      if (before) await commit(visit);
      return result;
    },
    effect: (values, actor) => changed(values, actor, before, redeem),
    result: selectToken,
    flight: before ? { ...flight, effect: (values, actor) => changed(values, actor, before) } : flight,
  };
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
  'once by id': renewing({ isById: true }),
  'once if stale': renewing({ isFreshEnough: true }),
  'set and once': renewing({}, (values, actor) => Object.assign(values, { [`${actor}1`]: actor, [`${actor}2`]: actor })),
  'once, and fails': renewing({ fails: true }),
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

const ALL_NAMES = Object.keys(OPERATIONS) as OperationName[];

/** The operations that work through `once`. */
export const FLIGHT_NAMES = ALL_NAMES.filter((name) => operationOf(name).flight);

/** All others. */
export const OPERATION_NAMES = ALL_NAMES.filter((name) => !operationOf(name).flight);

/** The operation of a name, as any other. */
export function operationOf(name: OperationName): Operation {
  return OPERATIONS[name];
}
