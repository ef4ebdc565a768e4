import { SessionGoneError, SessionUnavailableError } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import type { Backoff } from '../../src/services/backoff.js';
import { serviceOver } from '../support/service-over.js';
import { INITIAL, RULES, operationOf, type OperationName, type Values, type Visit } from './operations.js';
import { Scheduler, type Choose } from './scheduler.js';
import { SimulatedDatabase, SimulatedRepository, type AuditEntry, type LoadEntry } from './simulated-repository.js';

/** What runs at once, and on what. */
export interface Scenario {
  /** One request each; `expiry` lets time pass. */
  readonly operations: readonly (OperationName | 'expiry')[];
  /** How each request commits; the last goes for all that follow. */
  readonly locking: readonly ('optimistic' | 'pessimistic')[];
  /** Whether all requests are in one process. */
  readonly isOneProcess?: boolean;
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
}

/** What became of a request. */
export interface RequestOutcome {
  readonly actor: string;
  readonly operation: OperationName;
  readonly kind: 'ok' | 'no session' | 'gone' | 'unknown' | 'failed';
  readonly error?: unknown;
  readonly result?: unknown;
  /** When the session was asked for. */
  readonly askedAt: number;
  /** The version that was loaded. */
  readonly version: number | undefined;
  readonly answeredAt: number;
  /** What the live session held when the request was answered. */
  readonly live: Values;
}

/** Everything that happened. */
export interface History {
  readonly scenario: Scenario;
  readonly key: string;
  readonly requests: readonly RequestOutcome[];
  readonly audit: readonly AuditEntry[];
  readonly loads: readonly LoadEntry[];
  readonly database: SimulatedDatabase;
  /** Who could not go on. */
  readonly stuck: readonly string[];
  readonly trace: readonly string[];
  readonly steps: number;
}

const HOUR = 3_600_000;
const SESSION_ID = 'the session';


/** The session id that a request makes when it regenerates its session. */
export function newIdOf(actor: string): string {
  return `the session of ${actor}`;
}

/** No time passes but by a step of its own. */
const NO_WAIT = { wait: async () => {} } as unknown as Backoff;

/** Runs one scenario in the order that `choose` says. */
export async function runHistory(scenario: Scenario, choose: Choose, mutant: Mutant = {}): Promise<History> {
  const scheduler = new Scheduler();
  const database = new SimulatedDatabase();
  const Repository = mutant.repository ?? SimulatedRepository;
  const start = (locking: 'optimistic' | 'pessimistic') => {
    const services = serviceOver(new Repository(database, scheduler), { merge: RULES, ttl: 24 * HOUR, locking }, NO_WAIT);
    mutant.breakServices?.(services);
    return services;
  };
  const key = storageKeyOf(SESSION_ID);
  database.faults = scenario.faults ?? 0;
  database.isSlow = scenario.isOneProcess ?? false;
  // A touch is due, and half a day later it is too late.
  database.rows.set(key, { data: start('optimistic').codec.join(start('optimistic').codec.encodeValues(INITIAL)), version: 0, commitId: null, maxAge: null, leaseId: null, expiresAt: 12 * HOUR });

  const requests: RequestOutcome[] = [];
  const shared = new Map<string, Services>();
  const servicesOf = (n: number) => {
    const locking = scenario.locking[Math.min(n, scenario.locking.length - 1)]!;
    if (!scenario.isOneProcess) return start(locking);
    const services = shared.get(locking) ?? start(locking);
    shared.set(locking, services);
    return services;
  };
  const actorOf = (operation: OperationName | 'expiry', n: number): [string, () => Promise<void>] => {
    const actor = 'ABC'[n]!;
    if (operation === 'expiry') return [actor, () => scheduler.step('half a day passes', () => [() => database.pass(13 * HOUR, scheduler.now)])];
    const services = servicesOf(n);
    return [actor, async () => {
      // In one process it matters who comes while others are waiting already.
      if (scenario.isOneProcess) await scheduler.step('comes', () => [() => undefined]);
      requests.push(await request(services, operation, actor, scheduler, mutant));
    }];
  };
  const stuck = await scheduler.run(Object.fromEntries(scenario.operations.map(actorOf)), choose);
  const { audit, loads } = database;
  return { scenario, key, requests, audit, loads, database, stuck, trace: scheduler.trace, steps: scheduler.now };
}

async function request({ sessions, live: lives }: Services, operation: OperationName, actor: string, scheduler: Scheduler, { answersEarly }: Mutant): Promise<RequestOutcome> {
  const askedAt = scheduler.now;
  const live = (await sessions.load(SESSION_ID)) as Values | undefined;
  const outcome = { actor, operation, askedAt, version: live && lives.find(live)?.record?.version, live: {} };
  if (!live) return { ...outcome, kind: 'no session', answeredAt: scheduler.now };
  const create = () => Object.defineProperty({}, 'id', { value: newIdOf(actor) });
  const pause = () => scheduler.step('goes on', () => [() => undefined]);
  const visit: Visit = { sessions, sessionId: SESSION_ID, live, create, actor, pause };
  try {
    const work = operationOf(operation).run(visit);
    if (answersEarly) work.catch(() => undefined);
    const result = answersEarly ? undefined : await work;
    const { cookie: _, ...values } = visit.live;
    return { ...outcome, kind: 'ok', result, answeredAt: scheduler.now, live: values };
  } catch (error) {
    return { ...outcome, kind: kindOf(error), error, answeredAt: scheduler.now };
  }
}

function kindOf(error: unknown): RequestOutcome['kind'] {
  if (error instanceof SessionGoneError) return 'gone';
  return error instanceof SessionUnavailableError && error.message.includes('unknown') ? 'unknown' : 'failed';
}
