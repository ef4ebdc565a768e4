import type { Request } from 'express';
import { randomInt, randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import { Logger } from '@nestjs/common';
import {
  SessionGoneError,
  SessionLimitError,
  SessionUnavailableError,
  type KnownRecord,
  type RecordChange,
  type SessionService,
} from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import type { Backoff } from '../../src/batching/backoff.js';
import { SessionObservers } from '../../src/observers/session-observers.js';
import { serviceOver } from '../support/service-over.js';
import { exploreAll, exploreSample } from './explorer.js';
import { Scheduler, type Choose } from './scheduler.js';
import { LostConnection, SimulatedDatabase, type AuditEntry, type Row } from './simulated-database.js';
import { SimulatedRepository } from './simulated-repository.js';
import { protocolOf } from '../support/protocol-of.js';

const IS_LONG = process.env.EXPLORE === 'long';
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const SAMPLE = IS_LONG ? 5000 : 10;
const HOUR = 3_600_000;
const NO_WAIT = { wait: async () => {} } as unknown as Backoff;

/** The session that there is when a history begins. */
const OLD = 'the old session';
const OLD_KEY = storageKeyOf(OLD);
const USER = 'anna';

type Values = Record<string, unknown>;

/** What a request does. */
type Operation =
  /** Stores a first session of the user, which others find by the user. */
  | 'login'
  /** Stores a first session that only its own request knows. */
  | 'visit'
  /** Changes the old session. */
  | 'set'
  /** Takes the values of the old session into a new one. */
  | 'keep'
  /** Destroys the old session by its id. */
  | 'destroy'
  /** Destroys the sessions of the user. */
  | 'destroy all'
  /** Destroys the old session, and stores another under its id. */
  | 'recreate';

interface Scenario {
  readonly operations: readonly Operation[];
  /** How many statements may lose their connection: before or after their effect, or so that they land late. */
  readonly faults?: number;
  /** `maxSessionsPerUser: 1`. */
  readonly whenFull?: 'deny' | 'evict-oldest';
  readonly isOneProcess?: boolean;
}

/** Our own code, broken on purpose. */
interface Mutant {
  readonly repository?: typeof SimulatedRepository;
  breakServices?(services: ReturnType<typeof serviceOver>): void;
}

type Kind = 'ok' | 'no session' | 'gone' | 'limit' | 'unavailable';

/** What became of a request. */
interface Outcome {
  readonly actor: string;
  readonly operation: Operation;
  readonly kind: Kind;
  readonly result: unknown;
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** What was told of a session, and by whose request. */
interface Told {
  readonly actor: string;
  readonly event: 'created' | 'destroyed';
  readonly key: string;
}

class Breach extends Error {}

// In a walk no time passes: a busy machine holds a turn up for longer than a batcher waits for its statement.
beforeAll(() => {
  Logger.overrideLogger(false);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterAll(() => {
  vi.useRealTimers();
});

const newIdOf = (actor: string) => `the session of ${actor}`;
const newKeyOf = (actor: string) => storageKeyOf(newIdOf(actor));
const create = (actor: string): Values => Object.defineProperty({}, 'id', { value: newIdOf(actor) }) as Values;

/** Runs one operation; returns what it was told, and rejects as it would. */
async function run(operation: Operation, actor: string, sessions: SessionService): Promise<unknown> {
  if (operation === 'login' || operation === 'visit')
    return sessions.commit(Object.assign(create(actor), { by: actor, ...(operation === 'login' ? { user: USER } : {}) }));
  if (operation === 'destroy') return sessions.destroy(OLD);
  if (operation === 'destroy all') return sessions.destroyAll({ userId: USER });
  if (operation === 'recreate') return sessions.destroy(OLD).then(() => protocolOf(sessions).stored.replace(OLD, { life: actor }));
  const live = (await sessions.load(OLD)) as Values | undefined;
  if (!live) return 'no session';
  if (operation === 'set') {
    await sessions.commit(Object.assign(live, { [actor]: actor }));
    return protocolOf(sessions).states.isGone(live) ? 'gone' : undefined;
  }
  const request = { session: live, sessionID: OLD } as unknown as Request;
  const regenerate = (callback: (error?: unknown) => void) => {
    protocolOf(sessions)
      .stored.end(request)
      .then(
        () => (Object.assign(request, { session: create(actor) }), process.nextTick(callback)),
        (error: unknown) => process.nextTick(callback, error),
      );
  };
  Object.defineProperty(live, 'regenerate', { value: regenerate });
  await sessions.regenerate(request, { keep: 'all' });
  return sessions.commit(Object.assign(request.session, { by: actor }));
}

function kindOf(error: unknown): Kind {
  if (error instanceof SessionGoneError) return 'gone';
  if (error instanceof SessionLimitError) return 'limit';
  if (error instanceof SessionUnavailableError) return 'unavailable';
  throw error;
}

const valuesOf = (row: { readonly data: string } | undefined): Values => (row ? (JSON.parse(row.data) as Values) : {});

/** Runs a scenario in the order that `choose` says, and fails when it breaks a law. */
async function check(
  { operations, faults = 0, whenFull, isOneProcess = false }: Scenario,
  choose: Choose,
  { repository: Repository = SimulatedRepository, breakServices }: Mutant = {},
): Promise<void> {
  const scheduler = new Scheduler();
  const database = new SimulatedDatabase();
  const told: Told[] = [];
  const tell =
    (event: Told['event']) =>
    ({ storageKey }: { readonly storageKey: string }) =>
      void told.push({ actor: scheduler.actor, event, key: storageKey });
  const observers = new SessionObservers({
    created: tell('created'),
    destroyed: tell('destroyed'),
    merged: () => undefined,
    expired: () => undefined,
  });
  const repository = new Repository(database, scheduler);
  const start = () => {
    const services = serviceOver(
      repository,
      { userId: 'user' as never, ttl: 24 * HOUR, ...(whenFull && { maxSessionsPerUser: { max: 1, whenFull } }) },
      NO_WAIT,
      observers,
    );
    breakServices?.(services);
    return services.sessions;
  };
  const shared = start();
  database.rows.set(OLD_KEY, {
    data: JSON.stringify({ user: USER, old: 1 }),
    version: 0,
    commitId: randomUUID(),
    maxAge: null,
    leaseId: null,
    userId: USER,
    expiresAt: 24 * HOUR,
  });
  Object.assign(database, { faults, losesQueries: true });
  const outcomes: Outcome[] = [];
  const actors = operations.map((operation, n): [string, () => Promise<void>] => {
    const actor = 'ABC'[n]!;
    const sessions = isOneProcess ? shared : start();
    return [
      actor,
      async () => {
        await scheduler.step('comes', () => [() => undefined]);
        const askedAt = scheduler.now;
        const [kind, result] = await run(operation, actor, sessions).then(
          (value) => (value === 'gone' || value === 'no session' ? ([value, undefined] as const) : (['ok' as const, value] as const)),
          (error: unknown) => [kindOf(error), String(error)] as const,
        );
        outcomes.push({ actor, operation, kind, result, askedAt, answeredAt: scheduler.now });
      },
    ];
  });
  const stuck = await scheduler.run(Object.fromEntries(actors), choose);
  const wrong = (what: string) =>
    new Breach([what, `SEED=${SEED}`, ...scheduler.trace, JSON.stringify(outcomes), JSON.stringify(told)].join('\n'));

  const { audit, rows, loads, locks } = database;
  const isLive = (key: string) => (rows.get(key)?.expiresAt ?? 0) > database.clock;
  const isEnding = ({ before, after }: AuditEntry) => before !== undefined && before.expiresAt > 0 && !(after && after.expiresAt > 0);
  const endings = (key: string) => audit.filter((entry) => entry.key === key && isEnding(entry));
  const endedBy = (actor: string) => audit.filter((entry) => entry.actor === actor && isEnding(entry)).map(({ key }) => key);
  const tellings = (actor: string, event: Told['event'], key: string) =>
    told.filter((one) => one.actor === actor && one.event === event && one.key === key).length;

  if (stuck.length > 0 || locks.size > 0) throw wrong('somebody cannot go on, or a lock was left behind');
  if (loads.some(({ record }) => record?.data === '{}')) throw wrong('an ended session was seen');
  for (const { actor, operation, kind, result, askedAt, answeredAt } of outcomes) {
    const own = newKeyOf(actor);
    const isFirstSave = operation === 'login' || operation === 'visit' || operation === 'keep';
    if (kind === 'unavailable' && faults === 0) throw wrong(`${actor} failed without a fault`);
    const isFindable = operation !== 'visit' && scheduler.trace.some((step) => step.startsWith(`${actor} insert (fault`));
    if (kind === 'unavailable' && faults === 1 && operations.length === 1 && !isFindable)
      throw wrong(`${actor} failed for a fault that could be mended`);
    // NoResurrection: a first save takes effect once. In one process a commit that waits in line is sent by the one before it.
    const mostInserts = isOneProcess ? operations.filter((other) => other === 'recreate').length || 1 : 1;
    for (const key of [own, OLD_KEY])
      if (audit.filter((entry) => entry.kind === 'insert' && entry.key === key && entry.actor === actor).length > mostInserts)
        throw wrong(`${actor} brought a session back`);
    if (isFirstSave && kind === 'ok') {
      if (!audit.some((entry) => entry.key === own && entry.kind === 'insert' && entry.at <= answeredAt))
        throw wrong(`${actor} was answered, and is not stored`);
      if (endedBy(actor).includes(own)) throw wrong(`${actor} was answered, and has been refused`);
      if (tellings(actor, 'created', own) !== 1) throw wrong(`${actor}'s session was not told once`);
    }
    if (kind === 'limit' && isLive(own)) throw wrong(`${actor} was refused, and has a session`);
    if (operation === 'keep') {
      const ending = endings(OLD_KEY).find((entry) => entry.actor === actor);
      if (kind === 'gone' && ending) throw wrong(`${actor} has ended the session itself, and was told that it was gone`);
      if (kind === 'gone' && endings(OLD_KEY).length === 0) throw wrong(`${actor} was told that a live session was gone`);
      const kept = audit.find((entry) => entry.key === own && entry.kind === 'insert');
      if (kept && !ending) throw wrong(`${actor} has the values of a session that another had ended`);
      if (kept && !Object.entries(valuesOf(ending?.before)).every(([key, value]) => valuesOf(kept.after)[key] === value))
        throw wrong(`${actor} has lost a value`);
    }
    if (operation === 'set') {
      const seen = loads.find((entry) => entry.actor === actor)?.record;
      const update = audit.find((entry) => entry.actor === actor && entry.kind === 'update');
      if (update && 'life' in valuesOf(update.before) !== 'life' in valuesOf(seen))
        throw wrong(`${actor} wrote into another session of the same id`);
    }
    if (operation === 'destroy' && kind === 'ok' && !operations.includes('recreate') && isLive(OLD_KEY))
      throw wrong(`${actor} destroyed a session that is there`);
    if (operation === 'destroy all' && kind === 'ok') {
      const others = audit.filter(
        (entry) => isEnding(entry) && entry.actor !== actor && entry.at > askedAt && entry.at <= answeredAt,
      ).length;
      const mine = endedBy(actor).length;
      if (Number(result) < mine || Number(result) > mine + (faults > 0 ? others : 0))
        throw wrong(`${actor} was told ${String(result)}, and has destroyed ${mine}`);
      const there = audit
        .filter((entry) => entry.kind === 'insert' && entry.at <= askedAt && entry.after?.userId === USER)
        .map(({ key }) => key);
      for (const key of [...there, ...(operations.includes('recreate') ? [] : [OLD_KEY])])
        if (isLive(key)) throw wrong(`${actor} destroyed all, and one is there`);
    }
    for (const key of new Set(endedBy(actor))) {
      const times = tellings(actor, 'destroyed', key);
      if (times > 1 || (times === 0 && kind !== 'unavailable'))
        throw wrong(`${actor} destroyed a session, and that was told ${times} times`);
    }
  }
  const live = [...rows].filter(([key, row]) => isLive(key) && row.userId === USER);
  if (whenFull && live.length > 1 && outcomes.every(({ kind }) => kind !== 'unavailable'))
    throw wrong(`the user has ${live.length} sessions`);
}

/** Runs a scenario in all its orders; the breaches of laws, one of each kind. */
async function breachesOf(
  scenario: Scenario,
  mutant?: Mutant,
): Promise<{ readonly count: number; readonly breaches: ReadonlyMap<string, string> }> {
  const breaches = new Map<string, string>();
  const look = (choose: Choose) =>
    check(scenario, choose, mutant).catch((error: unknown) => {
      if (!(error instanceof Breach)) throw error;
      breaches.set(error.message.split('\n')[0]!, error.message);
    });
  return { count: await exploreAll(look), breaches };
}

const KINDS: readonly Operation[] = ['login', 'visit', 'set', 'keep', 'destroy', 'destroy all', 'recreate'];
const PAIRS = KINDS.flatMap((one, n) => KINDS.slice(n).map((other): Operation[] => [one, other]));
const TRIPLES = PAIRS.flatMap((pair, n) => KINDS.map((third): Operation[] => [...pair, third]).slice(n % 2));
/** Of a logout elsewhere, and of two requests that both store something. */
const WITH_LOGINS = PAIRS.filter((pair) => pair.includes('login') || pair.includes('keep'));

describe('the endings of sessions', () => {
  const walkAll = (title: string, scenarios: readonly Scenario[]) =>
    it(
      title,
      async () => {
        let total = 0;
        for (const scenario of scenarios) {
          const { count, breaches } = await breachesOf(scenario);
          expect([...breaches.values()]).toEqual([]);
          total += count;
        }
        process.stdout.write(`Endings, ${title}: ${scenarios.length} scenarios, all ${total} interleavings.\n`);
      },
      HOUR,
    );
  const walkSome = (title: string, scenarios: readonly Scenario[]) =>
    it(
      title,
      async () => {
        for (const [n, scenario] of scenarios.entries()) await exploreSample(SEED + n, SAMPLE, (choose) => check(scenario, choose));
        process.stdout.write(`Endings, ${title}: ${scenarios.length} scenarios, ${SAMPLE} interleavings of each, SEED=${SEED}.\n`);
      },
      HOUR,
    );
  const limited = (operations: readonly Operation[], faults = 0) =>
    (['deny', 'evict-oldest'] as const).map((whenFull) => ({ operations, whenFull, faults }));

  walkAll(
    'one request, a connection lost anywhere',
    KINDS.map((one) => ({ operations: [one], faults: 1 })),
  );
  walkAll('a login and a limit, a connection lost anywhere', limited(['login'], 1));
  walkAll('a first save, and the user logged out elsewhere, a connection lost anywhere', [
    { operations: ['login', 'destroy all'], faults: 1 },
  ]);
  (IS_LONG ? walkAll : walkSome)(
    'two requests',
    PAIRS.map((operations) => ({ operations })),
  );
  (IS_LONG ? walkAll : walkSome)(
    'two requests, a connection lost anywhere',
    PAIRS.map((operations) => ({ operations, faults: 1 })),
  );
  walkSome(
    'two requests in one process, a connection lost anywhere',
    PAIRS.map((operations) => ({ operations, faults: 1, isOneProcess: true })),
  );
  walkSome(
    'two requests and a limit, a connection lost anywhere',
    WITH_LOGINS.flatMap((operations) => limited(operations, 1)),
  );
  walkSome(
    'two requests, two connections lost anywhere',
    PAIRS.map((operations) => ({ operations, faults: 2 })),
  );
  if (IS_LONG)
    walkSome(
      'three requests, two connections lost anywhere',
      TRIPLES.map((operations) => ({ operations, faults: 2 })),
    );
});

type Choice = Parameters<SimulatedRepository['destroySome']>[1];

/** Sends again what has lost its connection, and tells nobody. */
const again = <Result>(statement: () => Promise<Result>): Promise<Result> =>
  statement().catch((error: unknown) => {
    if (error instanceof LostConnection) return statement();
    throw error;
  });

/** Each mutant, where it shows, and as what. */
const MUTANTS: Readonly<Record<string, Mutant & { readonly scenario: Scenario; readonly breach: string }>> = {
  'a first save that is sent again, whoever can find it': {
    repository: class extends SimulatedRepository {
      override async insert(key: string, change: RecordChange): Promise<boolean> {
        return (await again(() => super.insert(key, change))) || this.database.rows.get(key)?.commitId === change.commitId;
      }
    },
    scenario: { operations: ['login', 'destroy all'], faults: 1 },
    breach: 'brought a session back',
  },
  'a destruction of some that forgets what it has chosen': {
    breakServices: ({ retrying }) => {
      const destroySome = retrying.destroySome.bind(retrying);
      const forgetful = async (userId: string, choose: Choice): Promise<ReadonlySet<string>> => {
        let last: readonly string[] = [];
        await destroySome(userId, (keys) => (last = choose(keys)));
        return new Set(last);
      };
      Object.assign(retrying, { destroySome: forgetful });
    },
    scenario: { operations: ['login'], whenFull: 'deny', faults: 1 },
    breach: 'was answered, and has been refused',
  },
  'an end that leaves no trace': {
    repository: class extends SimulatedRepository {
      override end(key: string, known: KnownRecord): Promise<boolean> {
        return this.destroyCommitted(key, known.commitId);
      }
    },
    scenario: { operations: ['keep'], faults: 1 },
    breach: 'failed for a fault that could be mended',
  },
  'an end that can be seen': {
    repository: class extends SimulatedRepository {
      protected override put(kind: AuditEntry['kind'], key: string, after: Row): void {
        super.put(kind, key, kind === 'end' ? { ...after, expiresAt: HOUR } : after);
      }
    },
    scenario: { operations: ['keep', 'set'] },
    breach: 'an ended session was seen',
  },
  'an end of what has changed since': {
    repository: class extends SimulatedRepository {
      override end(key: string): Promise<boolean> {
        return this.destroy(key).then((deleted) => deleted !== undefined);
      }
    },
    scenario: { operations: ['keep', 'set'] },
    breach: 'has lost a value',
  },
  'a version check alone': {
    repository: class extends SimulatedRepository {
      protected override isAsKnown(row: Row, { version }: KnownRecord): boolean {
        return row.version === version;
      }
    },
    scenario: { operations: ['set', 'recreate'] },
    breach: 'wrote into another session of the same id',
  },
};

describe('the check sees', () => {
  it.each(Object.entries(MUTANTS))('%s', async (_name, { scenario, breach, ...mutant }) => {
    const { breaches } = await breachesOf(scenario, mutant);
    expect([...breaches.keys()]).toContainEqual(expect.stringContaining(breach));
  });
});
