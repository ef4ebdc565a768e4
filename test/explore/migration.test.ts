import { randomInt } from 'node:crypto';
import { vi } from 'vitest';
import { Logger } from '@nestjs/common';
import { SessionUnavailableError, type RecordChange, type StoredRecord, type SessionService } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import type { Backoff } from '../../src/batching/backoff.js';
import { migratingCommitId, stageOf } from '../../src/records/migrating-record.js';
import { serviceOver } from '../support/service-over.js';
import { SimulatedPreviousStore } from './previous-store.js';
import { exploreAll, exploreSample } from './explorer.js';
import { Scheduler, type Choose } from './scheduler.js';
import { SimulatedDatabase } from './simulated-database.js';
import { SimulatedRepository } from './simulated-repository.js';
import { protocolOf } from '../support/protocol-of.js';

const IS_LONG = process.env.EXPLORE === 'long';
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
/** With it each mutant of many interleavings is seen soon. */
const SEEN_SEED = 1_465_007_221;
const SAMPLE = IS_LONG ? 20_000 : 200;
const HOUR = 3_600_000;
const NO_WAIT = { wait: async () => {} } as unknown as Backoff;

const ID = 'the session';
const KEY = storageKeyOf(ID);
const VALUES = { user: 'anna' };

/** What a request does, given the services of its process. */
type Operation = 'set' | 'destroy' | 'destroy all';

interface Scenario {
  readonly operations: readonly Operation[];
  readonly isOneProcess?: boolean;
  /** How many statements, of either store, may fail before or after their effect, or land late. */
  readonly faults?: number;
  readonly locking?: 'optimistic' | 'pessimistic';
}

/** Our own code, broken on purpose. */
interface Mutant {
  readonly repository?: typeof SimulatedRepository;
  breakServices?(services: ReturnType<typeof serviceOver>): void;
}

/** What became of an operation. */
interface Outcome {
  readonly actor: string;
  readonly operation: Operation;
  readonly kind: 'done' | 'no session' | 'unavailable';
  readonly askedAt: number;
  readonly answeredAt: number;
}

// In a walk no time passes: a busy machine holds a turn up for longer than a batcher waits for its statement.
beforeAll(() => {
  Logger.overrideLogger(false);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterAll(() => {
  vi.useRealTimers();
});

class Breach extends Error {}

/** Takes a session for certain without a second look at the previous store. */
class CredulousRepository extends SimulatedRepository {
  override insert(key: string, change: RecordChange): Promise<boolean> {
    return super.insert(key, { ...change, commitId: migratingCommitId('confirmed') });
  }
}

/** Shows a session while the previous store still has it. */
class HastyRepository extends SimulatedRepository {
  override updateLocked(key: string, decide: (current: StoredRecord) => RecordChange | undefined): Promise<StoredRecord | undefined> {
    return super.updateLocked(key, (current) => {
      const change = decide(current);
      return change && { ...change, commitId: 'a commit' };
    });
  }
}

/** Gives a record that is inserted anew the id of the one before. */
class RepeatingRepository extends SimulatedRepository {
  override insert(key: string, change: RecordChange): Promise<boolean> {
    return super.insert(key, { ...change, commitId: `u:${this.scheduler.actor}` });
  }
}

/** Each mutant, and where it shows. */
const MUTANTS: Readonly<Record<string, Mutant & { readonly scenario: Scenario }>> = {
  'no second look at the previous store': { repository: CredulousRepository, scenario: { operations: ['set', 'destroy'] } },
  'a session that is shown while it is in both stores': { repository: HastyRepository, scenario: { operations: ['set', 'destroy all'] } },
  'a destroy that leaves the previous store alone': {
    breakServices: ({ migrator }) => Object.assign(migrator, { remove: async () => undefined }),
    scenario: { operations: ['destroy'] },
  },
  'a destroy that begins here': {
    breakServices: ({ sessions, migrator }) => {
      const { remove } = migrator;
      Object.assign(migrator, { remove: async () => undefined });
      const destroyHere = sessions.destroy.bind(sessions);
      Object.assign(sessions, { destroy: async (id: string) => destroyHere(id).then(() => remove.call(migrator, id, 'destroy')) });
    },
    scenario: { operations: ['set', 'destroy'] },
  },
  'an insert that comes again under the same id': {
    repository: RepeatingRepository,
    scenario: { operations: ['set', 'set', 'destroy'], faults: 2 },
  },
  'a record that is deleted for another': {
    repository: class extends SimulatedRepository {
      override destroyCommitted(key: string): Promise<boolean> {
        return this.destroy(key).then(() => true);
      }
    },
    scenario: { operations: ['set', 'set'] },
  },
};

/** Runs a scenario on a session that is in the previous store alone, and fails when it breaks a law. */
async function check(
  { operations, isOneProcess = false, faults = 0, locking = 'optimistic' }: Scenario,
  choose: Choose,
  { repository: Repository = SimulatedRepository, breakServices }: Mutant = {},
): Promise<void> {
  const scheduler = new Scheduler();
  const database = new SimulatedDatabase();
  const earlier = new SimulatedPreviousStore(database, scheduler);
  earlier.sessions.set(ID, JSON.stringify({ ...VALUES, cookie: { originalMaxAge: HOUR, expires: new Date(0) } }));
  const repository = new Repository(database, scheduler);
  const start = () => {
    const services = serviceOver(repository, { migrateFrom: earlier, locking }, NO_WAIT);
    breakServices?.(services);
    return services.sessions;
  };
  const shared = start();
  const outcomes: Outcome[] = [];
  database.faults = faults;
  const actors = operations.map((operation, n): [string, () => Promise<void>] => {
    const actor = 'ABCD'[n]!;
    const sessions = isOneProcess ? shared : start();
    return [
      actor,
      async () => {
        await scheduler.step('comes', () => [() => undefined]);
        const askedAt = scheduler.now;
        const kind = await run(operation, actor, sessions);
        outcomes.push({ actor, operation, kind, askedAt, answeredAt: scheduler.now });
      },
    ];
  });

  async function run(operation: Operation, actor: string, sessions: SessionService): Promise<Outcome['kind']> {
    try {
      if (operation === 'destroy') await sessions.destroy(ID);
      return operation === 'destroy' ? 'done' : await (operation === 'set' ? set(sessions, actor) : destroyAll());
    } catch (error) {
      if (error instanceof SessionUnavailableError) return 'unavailable';
      throw error;
    }
  }
  async function set(sessions: SessionService, actor: string): Promise<Outcome['kind']> {
    const live = (await sessions.load(ID)) as Record<string, unknown> | undefined;
    if (!live) return 'no session';
    live[actor] = actor;
    await sessions.commit(live);
    return protocolOf(sessions).states.isGone(live) ? 'no session' : 'done';
  }
  /** What is known of a user is destroyed here alone. */
  const destroyAll = () =>
    scheduler.step('destroy all', () => [
      (): Outcome['kind'] => {
        const row = database.rows.get(KEY);
        if (!row || stageOf(row)) return 'no session';
        database.rows.delete(KEY);
        return 'done';
      },
    ]);
  const later = async () => {
    let found: object | undefined;
    database.faults = 0;
    await scheduler.run({ later: async () => void (found = await start().load(ID)) }, () => 0);
    return found;
  };
  const wrong = (what: string) => new Breach([what, `SEED=${SEED}`, ...scheduler.trace, JSON.stringify(outcomes)].join('\n'));

  expect(await scheduler.run(Object.fromEntries(actors), choose)).toEqual([]);
  const end = Math.min(
    ...outcomes.filter(({ operation, kind }) => operation !== 'set' && kind === 'done').map(({ answeredAt }) => answeredAt),
  );
  const mayHaveEnded = operations.includes('destroy') || end < Infinity;
  for (const { actor, operation, kind, askedAt } of outcomes) {
    if (operation === 'set' && askedAt > end && kind === 'done') throw wrong(`${actor} came after the session had ended, and had it`);
    if (operation === 'set' && kind === 'no session' && !mayHaveEnded) throw wrong(`${actor} was logged out`);
    if (kind === 'unavailable' && faults === 0) throw wrong(`${actor} failed without a fault`);
  }
  const found = await later();
  if (end < Infinity) {
    if (found) throw wrong('what had ended is there');
    if (database.rows.has(KEY) || earlier.sessions.size > 0) throw wrong('what had ended is stored');
    return;
  }
  const stored = Object.fromEntries(
    outcomes.filter(({ operation, kind }) => operation === 'set' && kind === 'done').map(({ actor }) => [actor, actor]),
  );
  if (!found && !mayHaveEnded) throw wrong('nobody ended it, and it is gone');
  if (found && !Object.entries({ ...VALUES, ...stored }).every(([key, value]) => (found as Record<string, unknown>)[key] === value))
    throw wrong(`lost a key: ${JSON.stringify(found)}`);
  if (found && earlier.sessions.size > 0) throw wrong('it is in both stores');
  // However it is destroyed.
  database.rows.clear();
  if (await later()) throw wrong('it came back');
}

describe('a session that is migrated', () => {
  const walkAll = (title: string, scenario: Scenario) =>
    it(
      `${title}: all interleavings`,
      async () => {
        const count = await exploreAll((choose) => check(scenario, choose));
        process.stdout.write(`Migration, ${title}: all ${count} interleavings.\n`);
        expect(count).toBeGreaterThan(10);
      },
      HOUR,
    );
  const walkSome = (title: string, scenario: Scenario) =>
    it(`${title}: ${SAMPLE} interleavings`, () => exploreSample(SEED, SAMPLE, (choose) => check(scenario, choose)), HOUR);

  walkAll('a request, and faults anywhere', { operations: ['set'], faults: 1 });
  walkAll('a request and a logout', { operations: ['set', 'destroy'] });
  walkAll('a request and a logout in one process', { operations: ['set', 'destroy'], isOneProcess: true });
  walkAll('a request, and the user logged out elsewhere', { operations: ['set', 'destroy all'] });
  walkSome('two requests', { operations: ['set', 'set'] });
  walkSome('two requests in one process', { operations: ['set', 'set'], isOneProcess: true });
  walkSome('two requests with row locks', { operations: ['set', 'set'], locking: 'pessimistic' });
  walkSome('two requests and a logout', { operations: ['set', 'set', 'destroy'] });
  walkSome('two requests and a logout, faults anywhere', { operations: ['set', 'set', 'destroy'], faults: 2 });
  walkSome('two requests in one process and a logout, faults anywhere', {
    operations: ['set', 'set', 'destroy'],
    isOneProcess: true,
    faults: 2,
  });
  walkSome('two requests and two kinds of logout, faults anywhere', { operations: ['set', 'set', 'destroy', 'destroy all'], faults: 2 });
});

describe('the check sees', () => {
  it.each(Object.entries(MUTANTS))('%s', async (_name, { scenario, ...mutant }) => {
    const walk =
      scenario.operations.filter((operation) => operation === 'set').length > 1
        ? (work: (choose: Choose) => Promise<void>) => exploreSample(SEEN_SEED, 1000, work)
        : exploreAll;
    await expect(walk((choose) => check(scenario, choose, mutant))).rejects.toThrow(Breach);
  });
});
