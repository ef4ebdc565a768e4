import { SessionGoneError, SessionLockLostError, SessionUnavailableError } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import type { EntityManager } from '@mikro-orm/core';
import type { Backoff } from '../../src/batching/backoff.js';
import { SessionObservers } from '../../src/observers/session-observers.js';
import type { AppTransactions } from '../../src/persistence/app-transactions.js';
import { serviceOver } from '../support/service-over.js';
import {
  INITIAL,
  LEASE,
  RULES,
  WorkFailed,
  operationOf,
  type OperationName,
  type RenewedValue,
  type Values,
  type Visit,
} from './operations.js';
import { Scheduler, type Choose } from './scheduler.js';
import {
  LostAppConnection,
  LostConnection,
  RolledBack,
  SimulatedDatabase,
  type AuditEntry,
  type LeaseEntry,
  type LoadEntry,
} from './simulated-database.js';
import { SimulatedLeases } from './simulated-leases.js';
import { SimulatedRepository } from './simulated-repository.js';
import { SimulatedTransactions, type SimulatedEntityManager } from './simulated-transactions.js';

/**
 * A request, or a step that no request makes: `expiry` lets time pass, `another program` writes without a new version, and `lease
 * expiry` lets the leases expire while their holders stand still.
 */
export type ActorKind = OperationName | 'expiry' | 'another program' | 'lease expiry';

/** What runs at once, and on what. */
export interface Scenario {
  /** One for each actor. */
  readonly operations: readonly ActorKind[];
  /** How each request commits; the last goes for all that follow. */
  readonly locking: readonly ('optimistic' | 'pessimistic')[];
  /** Whether all requests are in one process. */
  readonly isOneProcess?: boolean;
  /** Which session each request is on. Default: all on one. */
  readonly sessions?: readonly number[];
  /** The last request is in a process of its own, even so. */
  readonly hasOutsider?: boolean;
  /** All but the outsider have loaded their session when the history begins. */
  readonly isLoaded?: boolean;
  /** How many connections may be lost. */
  readonly faults?: number;
}

type Services = ReturnType<typeof serviceOver>;

/** What the checker is to see: our own code, broken on purpose. */
export interface Mutant {
  readonly repository?: typeof SimulatedRepository;
  /** Breaks the services. */
  breakServices?(services: Services): void;
  /** Answers before the commit. */
  readonly answersEarly?: true;
  /** The clock of a process stands still when the process does. */
  readonly clocksStop?: true;
}

/** What became of a request. */
export interface RequestOutcome {
  readonly actor: string;
  /** The storage key of its session. */
  readonly key: string;
  readonly operation: OperationName;
  readonly kind: 'ok' | 'no session' | 'gone' | 'unknown' | 'lost' | 'work failed' | 'failed';
  readonly error?: unknown;
  readonly result?: unknown;
  /** When the session was asked for. */
  readonly askedAt: number;
  /** When it was there. */
  readonly loadedAt: number;
  /** The version that was loaded. */
  readonly version: number | undefined;
  readonly answeredAt: number;
  /** The values of the live session when it was loaded. */
  readonly loaded: Values;
  /** What the live session held when the request was answered. */
  readonly live: Values;
}

/** Work that `once` has run, or that ran under a lock. */
export interface Work {
  readonly actor: string;
  /** The storage key of its session. */
  readonly key: string;
  /** The values that it may renew. */
  readonly value: RenewedValue;
  /** The value of that when the work began. */
  readonly found: unknown;
  readonly begunAt: number;
  /** When it ended well. */
  endedAt?: number;
}

/** Everything that happened. */
export interface History {
  readonly scenario: Scenario;
  /** The storage key of the session that is looked at. */
  readonly key: string;
  /** Those of all sessions. */
  readonly keys: readonly string[];
  readonly requests: readonly RequestOutcome[];
  readonly audit: readonly AuditEntry[];
  readonly loads: readonly LoadEntry[];
  readonly leases: readonly LeaseEntry[];
  readonly works: readonly Work[];
  readonly database: SimulatedDatabase;
  /** Who could not go on. */
  readonly stuck: readonly string[];
  readonly trace: readonly string[];
  readonly steps: number;
}

const HOUR = 3_600_000;

/** The id of one of a scenario's sessions. */
function sessionIdOf(n: number): string {
  return `the session ${n}`;
}

/** The session id that a request makes when it regenerates its session. */
export function newIdOf(actor: string): string {
  return `the session of ${actor}`;
}

const ACTORS = 'ABCD';

/** Whether an actor is in a process of its own, where nobody joins it. */
export function isOutsider({ scenario }: Pick<History, 'scenario'>, actor: string): boolean {
  return Boolean(scenario.hasOutsider) && actor === ACTORS[scenario.operations.length - 1];
}

/** No time passes but by a step of its own. */
const NO_WAIT = { wait: async () => {} } as unknown as Backoff;

/** Runs one scenario in the order that `choose` says. */
export async function runHistory(scenario: Scenario, choose: Choose, mutant: Mutant = {}): Promise<History> {
  const scheduler = new Scheduler();
  const database = new SimulatedDatabase();
  const Repository = mutant.repository ?? SimulatedRepository;
  const transactions = new SimulatedTransactions(database, scheduler);
  const start = (locking: 'optimistic' | 'pessimistic') => {
    const repository = new Repository(database, scheduler);
    const options = { merge: RULES, ttl: 24 * HOUR, locking };
    const given = transactions as unknown as AppTransactions;
    const services = serviceOver(repository, options, NO_WAIT, new SessionObservers(), undefined, given);
    mutant.breakServices?.(services);
    return services;
  };
  const sessionOf = (n: number) => scenario.sessions?.[n] ?? 0;
  const keys = [...new Set(scenario.operations.map((_, n) => sessionOf(n)))].map((n) => storageKeyOf(sessionIdOf(n)));
  const isElsewhere = (n: number) => isOutsider({ scenario }, ACTORS[n]!);
  const isNeighbour = (one: string, other: string) =>
    Boolean(scenario.isOneProcess) && isOutsider({ scenario }, one) === isOutsider({ scenario }, other);
  database.faults = scenario.faults ?? 0;
  database.isSlow = scenario.isOneProcess ?? false;
  // A touch is due, and half a day later it is too late.
  const row = {
    data: start('optimistic').codec.join(start('optimistic').codec.encodeValues(INITIAL)),
    version: 0,
    commitId: null,
    maxAge: null,
    leaseId: null,
    expiresAt: 12 * HOUR,
  };
  for (const key of keys) database.rows.set(key, row);

  const requests: RequestOutcome[] = [];
  const works: Work[] = [];
  const leases = new SimulatedLeases(database, scheduler);
  const shared = new Map<string, Services>();
  const servicesOf = (n: number) => {
    const locking = scenario.locking[Math.min(n, scenario.locking.length - 1)]!;
    if (!scenario.isOneProcess || isElsewhere(n)) return start(locking);
    const services = shared.get(locking) ?? start(locking);
    shared.set(locking, services);
    return services;
  };
  const isLoaded = (n: number) => Boolean(scenario.isLoaded) && !isElsewhere(n);
  const loaded = new Map<number, Values | undefined>();
  database.isInstant = true;
  for (const n of scenario.operations.keys())
    if (isLoaded(n)) loaded.set(n, (await servicesOf(n).sessions.load(sessionIdOf(sessionOf(n)))) as Values | undefined);
  database.isInstant = false;
  const actorOf = (operation: ActorKind, n: number): [string, () => Promise<void>] => {
    const actor = ACTORS[n]!;
    if (operation === 'expiry')
      return [actor, () => scheduler.step('half a day passes', () => [() => database.pass(13 * HOUR, scheduler.now)])];
    if (operation === 'lease expiry') {
      const expire = () => {
        const isHolders = (one: string) => (holder: string) => one === holder || isNeighbour(one, holder);
        const holders = leases.expireAll();
        if (mutant.clocksStop) return;
        for (const one of ACTORS) if (holders.some(isHolders(one))) scheduler.standStill(one, LEASE + 1);
      };
      return [
        actor,
        () =>
          scheduler.step(
            'the leases expire',
            () => [expire],
            () => leases.mayExpire,
          ),
      ];
    }
    if (operation === 'another program') {
      const [key = ''] = keys;
      return [
        actor,
        () =>
          scheduler.step(
            'writes without a version',
            () => [() => database.overwrite(key, { theirs: 1 })],
            () => !database.locks.has(key),
          ),
      ];
    }
    const services = servicesOf(n);
    return [
      actor,
      async () => {
        // In one process it matters who comes while others are waiting already.
        if (scenario.isOneProcess && !isElsewhere(n)) await scheduler.step('comes', () => [() => undefined]);
        const sessionId = sessionIdOf(sessionOf(n));
        const load = isLoaded(n) ? async () => loaded.get(n) : async () => (await services.sessions.load(sessionId)) as Values | undefined;
        const client = { actor, sessionId, askedAt: isLoaded(n) ? 0 : scheduler.now, load, works, transactions };
        requests.push({ ...(await request(services, operation, client, scheduler, mutant)), key: storageKeyOf(sessionId) });
      },
    ];
  };
  const stuck = await scheduler.run(Object.fromEntries(scenario.operations.map(actorOf)), choose);
  const { audit, loads, leaseAudit } = database;
  const [key = ''] = keys;
  return {
    scenario,
    key,
    keys,
    requests,
    audit,
    loads,
    leases: leaseAudit,
    works,
    database,
    // There may have been no lease to expire.
    stuck: stuck.filter((actor) => scenario.operations[ACTORS.indexOf(actor)] !== 'lease expiry'),
    trace: scheduler.trace,
    steps: scheduler.now,
  };
}

/** A history as each of its sessions has seen it. */
export function bySession(history: History): History[] {
  return history.keys.map((key) => {
    const isSeen = (other: string) => other === key || !history.keys.includes(other);
    return {
      ...history,
      key,
      requests: history.requests.filter((one) => one.key === key),
      audit: history.audit.filter((entry) => isSeen(entry.key)),
      loads: history.loads.filter((entry) => isSeen(entry.key)),
      leases: history.leases.filter((entry) => isSeen(entry.key)),
      works: history.works.filter((work) => isSeen(work.key)),
    };
  });
}

/** Who asks, and for which session. */
interface Client {
  readonly actor: string;
  readonly sessionId: string;
  readonly askedAt: number;
  readonly load: () => Promise<Values | undefined>;
  /** Where its works are noted. */
  readonly works: Work[];
  readonly transactions: SimulatedTransactions;
}

async function request(
  { sessions, live: lives }: Services,
  operation: OperationName,
  { actor, sessionId, askedAt, load, works, transactions }: Client,
  scheduler: Scheduler,
  { answersEarly }: Mutant,
): Promise<Omit<RequestOutcome, 'key'>> {
  const live = await load();
  const loadedAt = scheduler.now;
  const version = live && lives.find(live)?.record?.version;
  const outcome = { actor, operation, askedAt, loadedAt, version, loaded: valuesOf(live), live: {} };
  if (!live) return { ...outcome, kind: 'no session', answeredAt: scheduler.now };
  const create = () => Object.defineProperty({}, 'id', { value: newIdOf(actor) });
  const pause = () => scheduler.step('goes on', () => [() => undefined]);
  const work: Visit['work'] = async (value, draft, change) => {
    const begun: Work = { actor, key: storageKeyOf(sessionId), value, found: structuredClone(draft[value]), begunAt: scheduler.now };
    works.push(begun);
    await pause();
    change(draft);
    begun.endedAt = scheduler.now;
  };
  const transactional: Visit['transactional'] = (begun) => transactions.transactional((em) => begun(em as unknown as EntityManager));
  const order: Visit['order'] = (em, total) => (em as unknown as SimulatedEntityManager).transaction.insertOrder(total);
  const visit: Visit = { sessions, sessionId, live, create, actor, pause, work, transactional, order };
  try {
    const served = operationOf(operation).run(visit);
    if (answersEarly) served.catch(() => undefined);
    const result = answersEarly ? undefined : await served;
    return { ...outcome, kind: 'ok', result, answeredAt: scheduler.now, live: valuesOf(visit.live) };
  } catch (error) {
    return { ...outcome, kind: kindOf(error), error, answeredAt: scheduler.now, live: valuesOf(visit.live) };
  }
}

/** A copy of what a live session holds. */
function valuesOf(live: Values | undefined): Values {
  const { cookie: _, ...values } = live ?? {};
  return structuredClone(values);
}

function kindOf(error: unknown): RequestOutcome['kind'] {
  if (error instanceof SessionGoneError) return 'gone';
  if (error instanceof SessionLockLostError) return 'lost';
  if (error instanceof WorkFailed) return 'work failed';
  // The app has run the transaction itself.
  if (error instanceof LostConnection || error instanceof LostAppConnection || error instanceof RolledBack) return 'unknown';
  return error instanceof SessionUnavailableError && error.message.includes('unknown') ? 'unknown' : 'failed';
}
